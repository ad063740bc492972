#include <libpq-fe.h>
// Left out of the module that Swift makes of the C library.
#include <sys/epoll.h>
