#define _GNU_SOURCE
#include "CConfinement.h"

#include <errno.h>

#ifdef __linux__
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// Never needed by decoding and encoding, and the ways out of a process that a hostile file has taken over.
static const int refused[] = {
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_sendto,
    SYS_sendmsg, SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_execve, SYS_execveat,
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare,
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_add_key, SYS_request_key, SYS_keyctl,
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon,
    SYS_swapoff, SYS_sethostname, SYS_setdomainname, SYS_settimeofday, SYS_clock_settime, SYS_acct,
    SYS_quotactl, SYS_personality, SYS_setuid, SYS_setgid, SYS_setresuid, SYS_setresgid, SYS_setgroups,
    SYS_capset, SYS_linkat, SYS_symlinkat, SYS_mknodat, SYS_fchmodat, SYS_fchownat, SYS_open_by_handle_at,
    SYS_name_to_handle_at, SYS_msgget, SYS_shmget, SYS_semget, SYS_mq_open, 425 /* io_uring_setup */,
    424 /* pidfd_send_signal */, 434 /* pidfd_open */, 438 /* pidfd_getfd */, 428 /* open_tree */,
    429 /* move_mount */, 430 /* fsopen */,
#if defined(__x86_64__)
    SYS_fork, SYS_vfork, SYS_link, SYS_symlink, SYS_mknod, SYS_chmod, SYS_chown, SYS_iopl, SYS_ioperm,
#endif
};

enum { REFUSED = sizeof refused / sizeof refused[0] };

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, value)
#define UNLESS_EQUAL_SKIP(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count)
#define IF_ANY_BIT_SKIP(bits, count) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, count, 0)

int confinement_restrict_calls(void) {
#ifndef ARCHITECTURE
    return -ENOSYS;
#else
    struct sock_filter program[REFUSED * 2 + 32];
    unsigned short n = 0;
    const unsigned refuse = SECCOMP_RET_ERRNO | EPERM;
#define ADD(...) program[n++] = (struct sock_filter)__VA_ARGS__
    // Numbers mean something else in the 32-bit tables.
    ADD(LOAD(arch));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
    ADD(LOAD(nr));
#if defined(__x86_64__)
    ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1));
    ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
#endif
    // clone3 hides its flags in memory; without it the C library falls back to clone.
    ADD(UNLESS_EQUAL_SKIP(435, 1));
    ADD(ANSWER(SECCOMP_RET_ERRNO | ENOSYS));
    // clone: threads only.
    ADD(UNLESS_EQUAL_SKIP(SYS_clone, 4));
    ADD(LOAD(args[0]));
    ADD(IF_ANY_BIT_SKIP(CLONE_THREAD, 1));
    ADD(ANSWER(refuse));
    ADD(ANSWER(SECCOMP_RET_ALLOW));
    // tgkill: its own threads only, as abort() needs.
    ADD(UNLESS_EQUAL_SKIP(SYS_tgkill, 4));
    ADD(LOAD(args[0]));
    ADD(UNLESS_EQUAL_SKIP((unsigned)getpid(), 1));
    ADD(ANSWER(SECCOMP_RET_ALLOW));
    ADD(ANSWER(refuse));
    for (int i = 0; i < REFUSED; i++) {
        ADD(UNLESS_EQUAL_SKIP((unsigned)refused[i], 1));
        ADD(ANSWER(refuse));
    }
    ADD(ANSWER(SECCOMP_RET_ALLOW));
    struct sock_fprog filter = {n, program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) < 0 ? -errno : 0;
#endif
}

int confinement_has_seccomp(void) {
    unsigned action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

#else
int confinement_restrict_calls(void) { return -ENOSYS; }
int confinement_has_seccomp(void) { return 0; }
#endif
