/*
 * A small TCP server in a thread, for tests of what goes out: each connection is handed to a
 * function that reads and writes as it likes.
 */
#ifndef TESTS_UNIT_HOST_SERVER_H
#define TESTS_UNIT_HOST_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"

struct test_server {
	int fd, port;
	pthread_t thread;
	void (*serve)(struct test_server *s, int fd);
	void *arg;
	atomic_int connections; /* so far */
	atomic_int live;	/* those that are served now */
	pthread_mutex_t lock;	/* for what serve writes down */
	atomic_bool stop;
};

void test_server_start(struct test_server *s, void (*serve)(struct test_server *s, int fd),
		       void *arg);
/* Waits for the connections: clients must have gone, or serve look at `stop`. */
void test_server_stop(struct test_server *s);
/* One HTTP request (head and body by Content-Length) into buf, terminated; 0 at the end. */
size_t test_read_request(int fd, char *buf, size_t max);
/* A line up to LF, terminated; 0 at the end. */
size_t test_read_line(int fd, char *buf, size_t max);
void test_write(int fd, const char *text);

#endif
