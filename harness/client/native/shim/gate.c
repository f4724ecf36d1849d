// The gate: the only instructions of the process whose system calls reach the kernel. All others raise SIGSYS (Linux,
// Documentation/admin-guide/syscall-user-dispatch), also those inside libc.
#include "shim.h"
#include <sys/prctl.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

extern char gate_start[], gate_end[];

__asm__(
    ".section .gate,\"ax\",@progbits\n"
    ".hidden gate_start, gate_end, gate, gate_clone, gate_restore, gate_return\n"
    ".global gate_start, gate_end, gate, gate_clone, gate_restore, gate_return\n"
    "gate_start:\n"
    // long gate(number, six arguments)
    "gate:\n"
    "  mov %rdi,%rax\n  mov %rsi,%rdi\n  mov %rdx,%rsi\n  mov %rcx,%rdx\n  mov %r8,%r10\n  mov %r9,%r8\n"
    "  mov 8(%rsp),%r9\n"
    "  syscall\n"
    "  ret\n"
    // long gate_clone(number, five arguments): the child starts with the stack pointer at its struct start (process.c)
    "gate_clone:\n"
    "  mov %rdi,%rax\n  mov %rsi,%rdi\n  mov %rdx,%rsi\n  mov %rcx,%rdx\n  mov %r8,%r10\n  mov %r9,%r8\n"
    "  syscall\n"
    "  test %rax,%rax\n"
    "  jz 1f\n"
    "  ret\n"
    "1:mov %rsp,%rdi\n"
    "  mov %rsp,%rbx\n"
    "  sub $128,%rsp\n"
    "  xor %ebp,%ebp\n"
    "  call child_begin\n"
    "  mov %rbx,%rsp\n"
    "  mov 0(%rsp),%r8\n  mov 8(%rsp),%r9\n  mov 16(%rsp),%r10\n  mov 24(%rsp),%r12\n  mov 32(%rsp),%r13\n"
    "  mov 40(%rsp),%r14\n  mov 48(%rsp),%r15\n  mov 56(%rsp),%rdi\n  mov 64(%rsp),%rsi\n  mov 72(%rsp),%rbp\n"
    "  mov 80(%rsp),%rbx\n  mov 88(%rsp),%rdx\n  mov 104(%rsp),%rcx\n"
    "  xor %eax,%eax\n"
    "  mov 96(%rsp),%rsp\n"
    "  jmp *%rcx\n"
    // The restorer of signal handlers, and the same for a stack that was trapped on its way there. Byte for byte what libc has:
    // unwinders, such as that of pthread_cancel, know a handler's frame by it.
    "gate_return:\n"
    "  mov %rdi,%rsp\n"
    "gate_restore:\n"
    "  mov $15,%rax\n"
    "  syscall\n"
    "  ud2\n"
    "gate_end:\n"
    ".text\n");

/** Traps the calls of this thread from here on; not inherited by any child. 0, or a negative error. */
long arm_traps(void) {
  return RAW(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, gate_start, gate_end - gate_start, 0);
}
