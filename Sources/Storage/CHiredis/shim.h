#include <hiredis/hiredis.h>
// Left out of the module that Swift makes of the C library.
#include <sys/epoll.h>
#include <sys/eventfd.h>
