/*
 * GnuTLS, loaded when it is first needed. Commands that talk to nobody (test, check, fmt) then
 * start in a fraction of the time: most of it would go into finding the symbols of sixty libraries.
 * The functions have their usual names; whoever sets up calls lazy_gnutls_load first.
 */
#ifndef HOST_LAZY_GNUTLS_H
#define HOST_LAZY_GNUTLS_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define LAZY_GNUTLS_FUNCTIONS(F) \
	F(gnutls_certificate_get_peers) \
	F(gnutls_certificate_verify_peers2) \
	F(gnutls_x509_crt_deinit) \
	F(gnutls_x509_crt_get_subject_alt_name) \
	F(gnutls_x509_crt_import) \
	F(gnutls_x509_crt_init)

/* clang-format off */
struct lazy_gnutls {
#define LAZY_MEMBER(name) __typeof__(name) *name;
	LAZY_GNUTLS_FUNCTIONS(LAZY_MEMBER)
#undef LAZY_MEMBER
};
/* clang-format on */
extern struct lazy_gnutls lazy_gnutls;

/* Any number of times, from any thread. Ends the program with a message if the library is not
 * there. */
void lazy_gnutls_load(void);

#ifndef LAZY_INSIDE
#undef gnutls_certificate_get_peers
#define gnutls_certificate_get_peers lazy_gnutls.gnutls_certificate_get_peers
#undef gnutls_certificate_verify_peers2
#define gnutls_certificate_verify_peers2 lazy_gnutls.gnutls_certificate_verify_peers2
#undef gnutls_x509_crt_deinit
#define gnutls_x509_crt_deinit lazy_gnutls.gnutls_x509_crt_deinit
#undef gnutls_x509_crt_get_subject_alt_name
#define gnutls_x509_crt_get_subject_alt_name lazy_gnutls.gnutls_x509_crt_get_subject_alt_name
#undef gnutls_x509_crt_import
#define gnutls_x509_crt_import lazy_gnutls.gnutls_x509_crt_import
#undef gnutls_x509_crt_init
#define gnutls_x509_crt_init lazy_gnutls.gnutls_x509_crt_init
#endif

#endif
