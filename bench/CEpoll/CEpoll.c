#define _GNU_SOURCE
#include "CEpoll.h"

#include <sys/epoll.h>
#include <time.h>

enum { batch = 512 };

int cepoll_make(void) { return epoll_create1(EPOLL_CLOEXEC); }

int cepoll_add(int watch, int socket, uint32_t tag) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
    return epoll_ctl(watch, EPOLL_CTL_ADD, socket, &event);
}

int cepoll_wait(int watch, uint32_t *tags, int most, int64_t nanoseconds) {
    struct epoll_event events[batch];
    struct timespec wait = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int count = epoll_pwait2(watch, events, most < batch ? most : batch, &wait, 0);
    for (int i = 0; i < count; i++) tags[i] = events[i].data.u32;
    return count;
}
