// Names: addresses in figures, localhost and the machine's own name are known, everything else does not exist, at once and without a question.
#include "shim.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/utsname.h>

// The oldest version of it, so that the shim also loads where libc is older than the one it was built with.
__asm__(".symver dlsym,dlsym@GLIBC_2.2.5");

#define EXPORT __attribute__((visibility("default")))
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_figures(const char *name) {
  unsigned char bytes[16];
  char bare[64];
  const char *scope = strchr(name, '%');
  size_t length = scope ? (size_t)(scope - name) : strlen(name);
  if (length >= sizeof bare) return 0;
  memcpy(bare, name, length);
  bare[length] = 0;
  return inet_aton(bare, (struct in_addr *)bytes) || inet_pton(AF_INET6, bare, bytes) == 1;
}

static int is_own_name(const char *name) {
  struct utsname machine;
  return RAW(SYS_uname, &machine) == 0 && !strcasecmp(name, machine.nodename);
}

/** What stands for a name: figures, or nothing. */
static const char *known(const char *name, int family) {
  if (is_figures(name)) return name;
  size_t length = strlen(name);
  int local = length >= 9 && !strcasecmp(name + length - 9, "localhost") && (length == 9 || name[length - 10] == '.');
  if (!local && !is_own_name(name)) return 0;
  return family == AF_INET6 ? "::1" : "127.0.0.1";
}

EXPORT int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
                       struct addrinfo **restrict result) {
  if (!shim_on || !node) return NEXT(getaddrinfo)(node, service, hints, result);
  const char *figures = known(node, hints ? hints->ai_family : AF_UNSPEC);
  if (!figures) return EAI_NONAME;
  int error = NEXT(getaddrinfo)(figures, service, hints, result);
  if (error || figures == node || !(*result)->ai_canonname) return error;
  char *name = strdup(node);
  if (!name) return 0;
  free((*result)->ai_canonname);
  (*result)->ai_canonname = name;
  return 0;
}

EXPORT int getnameinfo(const struct sockaddr *restrict address, socklen_t size, char *restrict host, socklen_t host_size,
                       char *restrict service, socklen_t service_size, int flags) {
  if (!shim_on) return NEXT(getnameinfo)(address, size, host, host_size, service, service_size, flags);
  if (flags & NI_NAMEREQD) return EAI_NONAME;
  return NEXT(getnameinfo)(address, size, host, host_size, service, service_size, flags | NI_NUMERICHOST);
}

static struct hostent *unknown(void) {
  h_errno = HOST_NOT_FOUND;
  return 0;
}

EXPORT struct hostent *gethostbyname2(const char *name, int family) {
  const char *figures = shim_on ? known(name, family) : name;
  return figures ? NEXT(gethostbyname2)(figures, family) : unknown();
}

EXPORT struct hostent *gethostbyname(const char *name) {
  return gethostbyname2(name, AF_INET);
}

EXPORT int gethostbyname2_r(const char *restrict name, int family, struct hostent *restrict entry, char *restrict buffer,
                            size_t size, struct hostent **restrict result, int *restrict error) {
  const char *figures = shim_on ? known(name, family) : name;
  if (figures) return NEXT(gethostbyname2_r)(figures, family, entry, buffer, size, result, error);
  *result = 0;
  *error = HOST_NOT_FOUND;
  return ENOENT;
}

EXPORT int gethostbyname_r(const char *restrict name, struct hostent *restrict entry, char *restrict buffer, size_t size,
                           struct hostent **restrict result, int *restrict error) {
  return gethostbyname2_r(name, AF_INET, entry, buffer, size, result, error);
}

EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t size, int family) {
  return shim_on ? unknown() : NEXT(gethostbyaddr)(address, size, family);
}

EXPORT int gethostbyaddr_r(const void *restrict address, socklen_t size, int family, struct hostent *restrict entry,
                           char *restrict buffer, size_t room, struct hostent **restrict result, int *restrict error) {
  if (!shim_on) return NEXT(gethostbyaddr_r)(address, size, family, entry, buffer, room, result, error);
  *result = 0;
  *error = HOST_NOT_FOUND;
  return ENOENT;
}
