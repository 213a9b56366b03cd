/*
 * libical, loaded when a calendar is first read: it brings a library of characters of thirty
 * megabytes, which a rouse without calendars should not pay for at its start. The functions have
 * their usual names; whoever calls them calls ical_lib_load first.
 */
#ifndef ONCALL_ICAL_LIB_H
#define ONCALL_ICAL_LIB_H

#include <libical/ical.h>

#include "base/base.h"
#include "base/err.h"

#define ICAL_LIB_FUNCTIONS(F) \
	F(icalcomponent_count_errors) \
	F(icalcomponent_free) \
	F(icalcomponent_get_first_property) \
	F(icalcomponent_get_next_property) \
	F(icalerror_clear_errno) \
	F(icalerror_set_errors_are_fatal) \
	F(icalparameter_get_cn) \
	F(icalparameter_get_cutype) \
	F(icalparameter_get_partstat) \
	F(icalparameter_get_tzid) \
	F(icalparser_parse_string) \
	F(icalproperty_get_attendee) \
	F(icalproperty_get_dtstart) \
	F(icalproperty_get_duration) \
	F(icalproperty_get_first_parameter) \
	F(icalproperty_get_rrule) \
	F(icalproperty_get_value) \
	F(icalrecur_iterator_free) \
	F(icalrecur_iterator_new) \
	F(icalrecur_iterator_next) \
	F(icalrecur_iterator_set_start) \
	F(icaltime_is_null_time) \
	F(icaltimezone_free) \
	F(icaltimezone_get_utc_offset) \
	F(icaltimezone_get_utc_offset_of_utc_time) \
	F(icaltimezone_new) \
	F(icaltimezone_set_component) \
	F(icalvalue_get_datetime) \
	F(icalvalue_get_text) \
	F(icalvalue_isa)

/* clang-format off */
struct ical_lib {
#define ICAL_LIB_MEMBER(name) __typeof__(name) *name;
	ICAL_LIB_FUNCTIONS(ICAL_LIB_MEMBER)
#undef ICAL_LIB_MEMBER
};
/* clang-format on */
extern struct ical_lib ical_lib;

/* Any number of times, from one thread. False: the library is not there. */
ATTR_CHECK bool ical_lib_load(struct err *err);

#ifndef ICAL_LIB_INSIDE
#undef icalcomponent_count_errors
#define icalcomponent_count_errors ical_lib.icalcomponent_count_errors
#undef icalcomponent_free
#define icalcomponent_free ical_lib.icalcomponent_free
#undef icalcomponent_get_first_property
#define icalcomponent_get_first_property ical_lib.icalcomponent_get_first_property
#undef icalcomponent_get_next_property
#define icalcomponent_get_next_property ical_lib.icalcomponent_get_next_property
#undef icalerror_clear_errno
#define icalerror_clear_errno ical_lib.icalerror_clear_errno
#undef icalerror_set_errors_are_fatal
#define icalerror_set_errors_are_fatal ical_lib.icalerror_set_errors_are_fatal
#undef icalparameter_get_cn
#define icalparameter_get_cn ical_lib.icalparameter_get_cn
#undef icalparameter_get_cutype
#define icalparameter_get_cutype ical_lib.icalparameter_get_cutype
#undef icalparameter_get_partstat
#define icalparameter_get_partstat ical_lib.icalparameter_get_partstat
#undef icalparameter_get_tzid
#define icalparameter_get_tzid ical_lib.icalparameter_get_tzid
#undef icalparser_parse_string
#define icalparser_parse_string ical_lib.icalparser_parse_string
#undef icalproperty_get_attendee
#define icalproperty_get_attendee ical_lib.icalproperty_get_attendee
#undef icalproperty_get_dtstart
#define icalproperty_get_dtstart ical_lib.icalproperty_get_dtstart
#undef icalproperty_get_duration
#define icalproperty_get_duration ical_lib.icalproperty_get_duration
#undef icalproperty_get_first_parameter
#define icalproperty_get_first_parameter ical_lib.icalproperty_get_first_parameter
#undef icalproperty_get_rrule
#define icalproperty_get_rrule ical_lib.icalproperty_get_rrule
#undef icalproperty_get_value
#define icalproperty_get_value ical_lib.icalproperty_get_value
#undef icalrecur_iterator_free
#define icalrecur_iterator_free ical_lib.icalrecur_iterator_free
#undef icalrecur_iterator_new
#define icalrecur_iterator_new ical_lib.icalrecur_iterator_new
#undef icalrecur_iterator_next
#define icalrecur_iterator_next ical_lib.icalrecur_iterator_next
#undef icalrecur_iterator_set_start
#define icalrecur_iterator_set_start ical_lib.icalrecur_iterator_set_start
#undef icaltime_is_null_time
#define icaltime_is_null_time ical_lib.icaltime_is_null_time
#undef icaltimezone_free
#define icaltimezone_free ical_lib.icaltimezone_free
#undef icaltimezone_get_utc_offset
#define icaltimezone_get_utc_offset ical_lib.icaltimezone_get_utc_offset
#undef icaltimezone_get_utc_offset_of_utc_time
#define icaltimezone_get_utc_offset_of_utc_time ical_lib.icaltimezone_get_utc_offset_of_utc_time
#undef icaltimezone_new
#define icaltimezone_new ical_lib.icaltimezone_new
#undef icaltimezone_set_component
#define icaltimezone_set_component ical_lib.icaltimezone_set_component
#undef icalvalue_get_datetime
#define icalvalue_get_datetime ical_lib.icalvalue_get_datetime
#undef icalvalue_get_text
#define icalvalue_get_text ical_lib.icalvalue_get_text
#undef icalvalue_isa
#define icalvalue_isa ical_lib.icalvalue_isa
#endif

#endif
