// What libc has for memory and text, once more. Its own may be somebody else's: those of a sanitizer make system calls to tell of a
// race, which in the handler of system calls is the end of the program. Each loop has a step that no compiler takes for libc's, and
// what they share has a name of its own, which it does not take for one of them either.
#include "shim.h"

#define STEP __asm__ volatile("")

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  void *end = to;
  __asm__ volatile("rep movsb" : "+D"(end), "+S"(from), "+c"(count) : : "memory");
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  if ((uintptr_t)to - (uintptr_t)from >= count) return memcpy(to, from, count);
  for (; count > 0; count--) {
    STEP;
    ((char *)to)[count - 1] = ((const char *)from)[count - 1];
  }
  return to;
}

void *memset(void *to, int byte, size_t count) {
  void *end = to;
  __asm__ volatile("rep stosb" : "+D"(end), "+c"(count) : "a"(byte) : "memory");
  return to;
}

int memcmp(const void *a, const void *b, size_t count) {
  const unsigned char *one = a, *other = b;
  for (; count > 0; count--, one++, other++) {
    STEP;
    if (*one != *other) return *one - *other;
  }
  return 0;
}

void *memchr(const void *bytes, int byte, size_t count) {
  for (const unsigned char *at = bytes; count > 0; count--, at++) {
    STEP;
    if (*at == (unsigned char)byte) return (void *)at;
  }
  return 0;
}

static size_t length_of(const char *text, size_t most) {
  size_t length = 0;
  for (; length < most && text[length]; length++) STEP;
  return length;
}

size_t strnlen(const char *text, size_t most) {
  return length_of(text, most);
}

size_t strlen(const char *text) {
  return length_of(text, SIZE_MAX);
}

static int compare(const char *a, const char *b, size_t most) {
  for (; most > 0; most--, a++, b++) {
    STEP;
    if (*a != *b || !*a) return (unsigned char)*a - (unsigned char)*b;
  }
  return 0;
}

int strncmp(const char *a, const char *b, size_t most) {
  return compare(a, b, most);
}

int strcmp(const char *a, const char *b) {
  return compare(a, b, SIZE_MAX);
}

char *stpcpy(char *restrict to, const char *restrict from) {
  size_t length = length_of(from, SIZE_MAX);
  return (char *)memcpy(to, from, length + 1) + length;
}

char *strcpy(char *restrict to, const char *restrict from) {
  return (char *)memcpy(to, from, length_of(from, SIZE_MAX) + 1);
}

char *strncpy(char *restrict to, const char *restrict from, size_t count) {
  size_t length = length_of(from, count);
  memcpy(to, from, length);
  memset(to + length, 0, count - length);
  return to;
}

char *strcat(char *restrict to, const char *restrict from) {
  memcpy(to + length_of(to, SIZE_MAX), from, length_of(from, SIZE_MAX) + 1);
  return to;
}

char *strchrnul(const char *text, int byte) {
  for (; *text && *text != (char)byte; text++) STEP;
  return (char *)text;
}

char *strchr(const char *text, int byte) {
  char *at = strchrnul(text, byte);
  return *at == (char)byte ? at : 0;
}

char *strrchr(const char *text, int byte) {
  for (size_t at = length_of(text, SIZE_MAX) + 1; at-- > 0;) {
    STEP;
    if (text[at] == (char)byte) return (char *)text + at;
  }
  return 0;
}

char *strstr(const char *text, const char *part) {
  size_t length = length_of(part, SIZE_MAX);
  for (; compare(text, part, length); text++)
    if (!*text) return 0;
  return (char *)text;
}
