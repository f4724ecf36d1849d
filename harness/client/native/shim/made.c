// Files whose content is time, chance, names of hosts or ids of processes: the program gets one of ours.
#include "shim.h"
#include <sys/utsname.h>

char *write_number(char *to, uint64_t number, int digits) {
  char text[20];
  int count = 0;
  for (; number > 0 || count < digits; number /= 10) text[count++] = '0' + number % 10;
  while (count > 0) *to++ = text[--count];
  return to;
}

/** Digits, and the one character behind them. */
uint64_t read_number(const char **from) {
  uint64_t number = 0;
  for (; **from >= '0' && **from <= '9'; ++*from) number = number * 10 + (**from - '0');
  if (**from) ++*from;
  return number;
}

/** Seconds since the machine started, and those that its processors have rested; both with two decimals. */
static char *write_uptime(char *to) {
  uint64_t hundredths = (now + clock_base(CLOCK_BOOTTIME)) / (SECOND / 100);
  for (int i = 0; i < 2; i++) {
    to = write_number(to, hundredths / 100, 1);
    *to++ = '.';
    to = write_number(to, hundredths % 100, 2);
    *to++ = i == 0 ? ' ' : '\n';
  }
  return to;
}

/** The kernel makes one for each read of that file; ours is for each that opens it. */
static char *write_uuid(char *to) {
  static const char digits[] = "0123456789abcdef";
  unsigned char bytes[16];
  fill_random(bytes, sizeof bytes);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  for (int i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
    *to++ = digits[bytes[i] >> 4];
    *to++ = digits[bytes[i] & 15];
  }
  *to++ = '\n';
  return to;
}

/** Lookups that do not come by name.c (getaddrinfo_a, libraries of libc itself) ask nobody on the network either. */
static char *write_name_sources(char *to, size_t room) {
  static const char hosts[] = "\nhosts: files\n";
  long fd = RAW(SYS_open, "/etc/nsswitch.conf", 0, 0), length = 0;
  if (fd >= 0) length = RAW(SYS_read, fd, to, room - sizeof hosts - 1);
  if (fd >= 0) RAW(SYS_close, fd);
  char *end = to + (length > 0 ? length : 0);
  *end = 0;
  // Their lines become comments.
  for (char *at = to; (at = strstr(at, "hosts:"));)
    if (at == to || at[-1] == '\n') *at = '#';
    else at++;
  return (char *)memcpy(end, hosts, sizeof hosts - 1) + sizeof hosts - 1;
}

static char *write_hosts(char *to) {
  struct utsname machine;
  RAW(SYS_uname, &machine);
  to = stpcpy(stpcpy(to, "127.0.0.1 localhost "), machine.nodename);
  return stpcpy(stpcpy(stpcpy(to, "\n::1 localhost "), machine.nodename), "\n");
}

long made_call(const struct call *call, int *handled) {
  static char text[8192];
  char *end = 0;
  int at = call->number == SYS_openat ? 1 : call->number == SYS_open ? 0 : -1;
  const char *path = at < 0 ? 0 : (char *)call->args[at];
  if (path && !strcmp(path, "/proc/uptime")) end = write_uptime(text);
  if (path && !strcmp(path, "/proc/sys/kernel/random/uuid")) end = write_uuid(text);
  if (path && !strcmp(path, "/etc/nsswitch.conf")) end = write_name_sources(text, sizeof text);
  if (path && !strcmp(path, "/etc/hosts")) end = write_hosts(text);
  if (path && !end) end = write_process_file(text, sizeof text, path);
  if (!end) return *handled = 0;
  *handled = 1;
  // Who looks at it in a loop must see time pass.
  spin(1);
  long fd = RAW(SYS_memfd_create, path, 0);
  if (fd >= 0) RAW(SYS_pwrite64, fd, text, end - text, 0);
  return fd;
}
