/*
 * libmicrohttpd, loaded when it is first needed. Commands that talk to nobody (test, check, fmt)
 * then start in a fraction of the time: most of it would go into finding the symbols of sixty
 * libraries. The functions have their usual names; whoever sets up calls lazy_mhd_load first.
 */
#ifndef HOST_LAZY_MHD_H
#define HOST_LAZY_MHD_H

#include <microhttpd.h>

#define LAZY_MHD_FUNCTIONS(F) \
	F(MHD_add_response_header) \
	F(MHD_create_response_from_buffer) \
	F(MHD_create_response_from_callback) \
	F(MHD_destroy_response) \
	F(MHD_get_connection_info) \
	F(MHD_get_connection_values) \
	F(MHD_get_daemon_info) \
	F(MHD_get_timeout) \
	F(MHD_get_version) \
	F(MHD_lookup_connection_value) \
	F(MHD_queue_response) \
	F(MHD_quiesce_daemon) \
	F(MHD_resume_connection) \
	F(MHD_run) \
	F(MHD_start_daemon) \
	F(MHD_stop_daemon) \
	F(MHD_suspend_connection)

/* clang-format off */
struct lazy_mhd {
#define LAZY_MEMBER(name) __typeof__(name) *name;
	LAZY_MHD_FUNCTIONS(LAZY_MEMBER)
#undef LAZY_MEMBER
};
/* clang-format on */
extern struct lazy_mhd lazy_mhd;

/* Any number of times, from any thread. Ends the program with a message if the library is not
 * there. */
void lazy_mhd_load(void);

#ifndef LAZY_INSIDE
#undef MHD_add_response_header
#define MHD_add_response_header lazy_mhd.MHD_add_response_header
#undef MHD_create_response_from_buffer
#define MHD_create_response_from_buffer lazy_mhd.MHD_create_response_from_buffer
#undef MHD_create_response_from_callback
#define MHD_create_response_from_callback lazy_mhd.MHD_create_response_from_callback
#undef MHD_destroy_response
#define MHD_destroy_response lazy_mhd.MHD_destroy_response
#undef MHD_get_connection_info
#define MHD_get_connection_info lazy_mhd.MHD_get_connection_info
#undef MHD_get_connection_values
#define MHD_get_connection_values lazy_mhd.MHD_get_connection_values
#undef MHD_get_daemon_info
#define MHD_get_daemon_info lazy_mhd.MHD_get_daemon_info
#undef MHD_get_timeout
#define MHD_get_timeout lazy_mhd.MHD_get_timeout
#undef MHD_get_version
#define MHD_get_version lazy_mhd.MHD_get_version
#undef MHD_lookup_connection_value
#define MHD_lookup_connection_value lazy_mhd.MHD_lookup_connection_value
#undef MHD_queue_response
#define MHD_queue_response lazy_mhd.MHD_queue_response
#undef MHD_quiesce_daemon
#define MHD_quiesce_daemon lazy_mhd.MHD_quiesce_daemon
#undef MHD_resume_connection
#define MHD_resume_connection lazy_mhd.MHD_resume_connection
#undef MHD_run
#define MHD_run lazy_mhd.MHD_run
#undef MHD_start_daemon
#define MHD_start_daemon lazy_mhd.MHD_start_daemon
#undef MHD_stop_daemon
#define MHD_stop_daemon lazy_mhd.MHD_stop_daemon
#undef MHD_suspend_connection
#define MHD_suspend_connection lazy_mhd.MHD_suspend_connection
#endif

#endif
