// The kernel's own clock functions in the process (vdso(7)), which read the real clock without a system call. Programs call
// libc's, and those are replaced; libc itself, for a name of mkstemp, and runtimes that look for them, come here.
#include "shim.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/** mov $number,%eax; syscall; ret: a system call like all others, which is trapped. */
static void make_call(unsigned char *code, uint32_t number) {
  code[0] = 0xb8;
  memcpy(code + 1, &number, 4);
  memcpy(code + 5, "\x0f\x05\xc3", 3);
}

static long number_of(const char *name) {
  if (!strcmp(name, "__vdso_clock_gettime")) return SYS_clock_gettime;
  if (!strcmp(name, "__vdso_gettimeofday")) return SYS_gettimeofday;
  if (!strcmp(name, "__vdso_time")) return SYS_time;
  return -1;
}

/** Where the kernel does not let these pages be written they stay what they are. */
void trap_clocks(void) {
  char *base = (char *)getauxval(AT_SYSINFO_EHDR);
  if (!base) return;
  const Elf64_Ehdr *head = (void *)base;
  const Elf64_Shdr *sections = (void *)(base + head->e_shoff);
  for (int i = 0; i < head->e_shnum; i++) {
    if (sections[i].sh_type != SHT_DYNSYM) continue;
    const Elf64_Sym *symbols = (void *)(base + sections[i].sh_offset);
    const char *names = base + sections[sections[i].sh_link].sh_offset;
    for (size_t at = 0; at < sections[i].sh_size / sizeof *symbols; at++) {
      long number = number_of(names + symbols[at].st_name);
      if (number < 0 || symbols[at].st_size < 8) continue;
      unsigned char *code = (unsigned char *)base + symbols[at].st_value;
      char *page = (char *)((uintptr_t)code & ~4095UL);
      if (RAW(SYS_mprotect, page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) < 0 &&
          RAW(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
        return;
      make_call(code, number);
      if (RAW(SYS_mprotect, page, 8192, PROT_READ | PROT_EXEC) < 0) RAW(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
    }
  }
}
