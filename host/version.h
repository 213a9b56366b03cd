/* The version, in one place. */
#ifndef HOST_VERSION_H
#define HOST_VERSION_H

#define ROUSE_VERSION "0.1.0"

#endif
