#define _GNU_SOURCE
#include "CConfinement.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

static int outcome(int result) { return result < 0 ? -errno : 0; }

#ifdef __linux__

int confinement_close_descriptors(void) { return outcome((int)syscall(SYS_close_range, 3u, ~0u, 0u)); }

// `grace` is what the hard limit is above the soft one.
static int limit(int resource, uint64_t value, uint64_t grace) {
    struct rlimit current;
    if (getrlimit((__rlimit_resource_t)resource, &current) < 0) return -errno;
    rlim_t hard = value + grace < current.rlim_max ? (rlim_t)(value + grace) : current.rlim_max;
    struct rlimit next = {value < hard ? (rlim_t)value : hard, hard};
    return outcome(setrlimit((__rlimit_resource_t)resource, &next));
}

int confinement_limit(confinement_limits limits) {
    // RLIMIT_AS would also count address space that threads reserve and never use. RLIMIT_NPROC counts all
    // processes of the user, so it would hit the neighbours; the call filter allows threads only.
    int first = limit(RLIMIT_DATA, limits.memory_bytes, 0);
    // The soft limit ends the process by SIGXCPU, which says why; the hard one by SIGKILL, which does not.
    if (first == 0) first = limit(RLIMIT_CPU, limits.cpu_seconds, 5);
    if (first == 0) first = limit(RLIMIT_FSIZE, limits.file_bytes, 0);
    if (first == 0) first = limit(RLIMIT_NOFILE, limits.open_files, 0);
    if (first == 0) first = limit(RLIMIT_CORE, 0, 0);
    signal(SIGXFSZ, SIG_IGN); // So that writing fails with EFBIG and can be told.
    errno = 0;
    if (nice(10) == -1 && errno) { /* Only politeness is lost. */ }
    return first;
}

int confinement_isolate_network(void) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 && unshare(CLONE_NEWNET) < 0) return -errno;
    // A new user namespace grants all capabilities inside it; none is needed.
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2];
    memset(none, 0, sizeof none);
    return outcome((int)syscall(SYS_capset, &header, none));
}

int confinement_die_with_parent(void) { return outcome(prctl(PR_SET_PDEATHSIG, SIGKILL)); }

int confinement_has_network_namespaces(void) {
    if (access("/proc/self/ns/net", F_OK) < 0) return 0;
    if (geteuid() == 0) return 1;
    long namespaces = 0;
    FILE *file = fopen("/proc/sys/user/max_user_namespaces", "re");
    if (!file) return 0;
    if (fscanf(file, "%ld", &namespaces) != 1) namespaces = 0;
    fclose(file);
    return namespaces > 0;
}

#else

int confinement_close_descriptors(void) { return -ENOSYS; }
int confinement_limit(confinement_limits limits) { return (void)limits, -ENOSYS; }
int confinement_isolate_network(void) { return -ENOSYS; }
int confinement_die_with_parent(void) { return -ENOSYS; }
int confinement_has_network_namespaces(void) { return 0; }

#endif

// Pipes whose ends are not inherited by anything else that this process starts meanwhile.
static int open_pipe(int ends[2]) {
#ifdef __linux__
    return pipe2(ends, O_CLOEXEC);
#else
    return pipe(ends);
#endif
}

static void close_pipe(int ends[2]) {
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0) close(ends[i]);
    }
}

static int start(pid_t *process, const char *path, char *const arguments[], char *const environment[],
                 const int ends[3]) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    for (int i = 0; i < 3; i++) posix_spawn_file_actions_adddup2(&actions, ends[i], i);
#ifdef __linux__
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int code = posix_spawn(process, path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return -code;
}

int confinement_spawn(const char *path, char *const arguments[], char *const environment[],
                      confinement_child *child) {
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    int code = 0;
    if (open_pipe(in) < 0 || open_pipe(out) < 0 || open_pipe(err) < 0) code = -errno;
    const int ends[3] = {in[0], out[1], err[1]};
    if (code == 0) code = start(&child->process, path, arguments, environment, ends);
    if (code != 0) {
        close_pipe(in);
        close_pipe(out);
        close_pipe(err);
        return code;
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    child->input = in[1];
    child->output = out[0];
    child->errors = err[0];
    return 0;
}

int confinement_reap(pid_t process, int *status, int *ending_signal) {
    int raw = 0;
    pid_t reaped;
    do reaped = waitpid(process, &raw, 0);
    while (reaped < 0 && errno == EINTR);
    if (reaped < 0) return -errno;
    *ending_signal = WIFSIGNALED(raw) ? WTERMSIG(raw) : 0;
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 0;
    return 0;
}

int confinement_has_ended(pid_t process, int milliseconds) {
    for (int waited = 0;; waited += 5) {
        siginfo_t ending = {0};
        // Left unreaped, so that its number cannot be given to another process yet.
        int code = waitid(P_PID, (id_t)process, &ending, WEXITED | WNOHANG | WNOWAIT);
        if (code < 0 && errno != EINTR) return 1;
        if (code == 0 && ending.si_pid == process) return 1;
        if (waited >= milliseconds) return 0;
        usleep(5000);
    }
}

int confinement_try_socket(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0) return errno;
    close(descriptor);
    return 0;
}

int confinement_try_fork(void) {
    pid_t process = fork();
    if (process < 0) return errno;
    if (process == 0) _exit(0);
    waitpid(process, NULL, 0);
    return 0;
}

int confinement_try_execute(void) {
    char *const arguments[] = {"true", NULL};
    execv("/bin/true", arguments);
    return errno;
}

int confinement_try_signal_parent(void) { return kill(getppid(), 0) < 0 ? errno : 0; }
