/*
 * libcurl, loaded when it is first needed. Commands that talk to nobody (test, check, fmt) then
 * start in a fraction of the time: most of it would go into finding the symbols of sixty libraries.
 * The functions have their usual names; whoever sets up calls lazy_curl_load first.
 */
#ifndef HOST_LAZY_CURL_H
#define HOST_LAZY_CURL_H

#include <curl/curl.h>

#define LAZY_CURL_FUNCTIONS(F) \
	F(curl_easy_cleanup) \
	F(curl_easy_getinfo) \
	F(curl_easy_init) \
	F(curl_easy_perform) \
	F(curl_easy_recv) \
	F(curl_easy_reset) \
	F(curl_easy_send) \
	F(curl_easy_setopt) \
	F(curl_easy_strerror) \
	F(curl_free) \
	F(curl_global_cleanup) \
	F(curl_global_init) \
	F(curl_multi_add_handle) \
	F(curl_multi_cleanup) \
	F(curl_multi_info_read) \
	F(curl_multi_init) \
	F(curl_multi_remove_handle) \
	F(curl_multi_setopt) \
	F(curl_multi_socket_action) \
	F(curl_slist_append) \
	F(curl_slist_free_all) \
	F(curl_url) \
	F(curl_url_cleanup) \
	F(curl_url_get) \
	F(curl_url_set) \
	F(curl_version)

/* clang-format off */
struct lazy_curl {
#define LAZY_MEMBER(name) __typeof__(name) *name;
	LAZY_CURL_FUNCTIONS(LAZY_MEMBER)
#undef LAZY_MEMBER
};
/* clang-format on */
extern struct lazy_curl lazy_curl;

/* Any number of times, from any thread. Ends the program with a message if the library is not
 * there. */
void lazy_curl_load(void);

#ifndef LAZY_INSIDE
#undef curl_easy_cleanup
#define curl_easy_cleanup lazy_curl.curl_easy_cleanup
#undef curl_easy_getinfo
#define curl_easy_getinfo lazy_curl.curl_easy_getinfo
#undef curl_easy_init
#define curl_easy_init lazy_curl.curl_easy_init
#undef curl_easy_perform
#define curl_easy_perform lazy_curl.curl_easy_perform
#undef curl_easy_recv
#define curl_easy_recv lazy_curl.curl_easy_recv
#undef curl_easy_send
#define curl_easy_send lazy_curl.curl_easy_send
#undef curl_easy_reset
#define curl_easy_reset lazy_curl.curl_easy_reset
#undef curl_easy_setopt
#define curl_easy_setopt lazy_curl.curl_easy_setopt
#undef curl_easy_strerror
#define curl_easy_strerror lazy_curl.curl_easy_strerror
#undef curl_free
#define curl_free lazy_curl.curl_free
#undef curl_global_cleanup
#define curl_global_cleanup lazy_curl.curl_global_cleanup
#undef curl_global_init
#define curl_global_init lazy_curl.curl_global_init
#undef curl_multi_add_handle
#define curl_multi_add_handle lazy_curl.curl_multi_add_handle
#undef curl_multi_cleanup
#define curl_multi_cleanup lazy_curl.curl_multi_cleanup
#undef curl_multi_info_read
#define curl_multi_info_read lazy_curl.curl_multi_info_read
#undef curl_multi_init
#define curl_multi_init lazy_curl.curl_multi_init
#undef curl_multi_remove_handle
#define curl_multi_remove_handle lazy_curl.curl_multi_remove_handle
#undef curl_multi_setopt
#define curl_multi_setopt lazy_curl.curl_multi_setopt
#undef curl_multi_socket_action
#define curl_multi_socket_action lazy_curl.curl_multi_socket_action
#undef curl_slist_append
#define curl_slist_append lazy_curl.curl_slist_append
#undef curl_slist_free_all
#define curl_slist_free_all lazy_curl.curl_slist_free_all
#undef curl_url
#define curl_url lazy_curl.curl_url
#undef curl_url_cleanup
#define curl_url_cleanup lazy_curl.curl_url_cleanup
#undef curl_url_get
#define curl_url_get lazy_curl.curl_url_get
#undef curl_url_set
#define curl_url_set lazy_curl.curl_url_set
#undef curl_version
#define curl_version lazy_curl.curl_version
#endif

#endif
