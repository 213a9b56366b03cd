/* The command line without main itself, so that tests can call it. */
#ifndef HOST_MAIN_H
#define HOST_MAIN_H

/* The exit status: 0 good, 1 failed, 2 a wrong command line. */
int rouse_main(int argc, char **argv);

#endif
