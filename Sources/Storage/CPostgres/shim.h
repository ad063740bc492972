#include <libpq-fe.h>
// Left out of the module that Swift makes of the C library.
#include <sys/epoll.h>
#include <dlfcn.h>
#include <stdint.h>

// At exit OpenSSL takes its locks away, also from under threads that are just connecting: then a program that is done
// ends by SIGSEGV. Its first call in a process decides whether it does; libpq makes that call, and knows no such option.
static inline void cloudstream_keep_openssl_at_exit(void) {
    const uint64_t no_atexit = 0x00080000;
    // A null handle is RTLD_DEFAULT: where libpq finds it too. Absent where libpq was built without TLS.
    int (*init)(uint64_t, const void *) = (int (*)(uint64_t, const void *))dlsym((void *)0, "OPENSSL_init_crypto");
    if (init) init(no_atexit, 0);
}
