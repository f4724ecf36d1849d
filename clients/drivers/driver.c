/*
 * Host driver: a small program that loads a licence library and does with it what Meterproof asks (docs/client-contract.md,
 * section 4, and docs/ways-in/library.md). Copy it, and write the calls of your library into the functions under "Commands".
 *
 *   cc -o driver driver.c -ldl
 *   ./driver ./libmine.so
 *
 * It is one thread: a call that blocks blocks it, and how long it did is told by the event "blocked".
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What a command came to: 0, UNSUPPORTED, or the library's own error. */
enum { OK = 0, UNSUPPORTED = -89 };

static void *library;
/* Where Meterproof listens. What the library prints goes to stderr, and breaks no contract. */
static FILE *out;

/* ---- Commands: one function each. What your library cannot do stays UNSUPPORTED. ---- */

/* A function of the library that takes one text and gives 0 for success. */
static int call(const char *symbol, const char *argument)
{
	int (*function)(const char *) = (int (*)(const char *))dlsym(library, symbol);
	return function ? function(argument) : UNSUPPORTED;
}

static int acquire(const char *feature) { return call("licence_acquire", feature); }
static int renew(const char *feature) { return call("licence_renew", feature); }
static int release(const char *feature) { return call("licence_release", feature); }
static int borrow(const char *feature) { return call("licence_borrow", feature); }
static int give_back(const char *feature) { return call("licence_return", feature); }
static int report(const char *what) { return call("licence_report", what); }
static int suspend(const char *unused) { return call("licence_suspend", unused); }
static int resume(const char *unused) { return call("licence_resume", unused); }

/* Before the library is gone: the last call. */
static int finish(const char *unused)
{
	int result = call("licence_shutdown", unused);
	return result == UNSUPPORTED ? OK : result;
}

static const struct {
	const char *name;
	int (*run)(const char *);
} commands[] = {
	/* ok to stop-program means that its usage record is durable: leave it out if the library keeps none. */
	{ "start-program", acquire }, { "stop-program", release },
	{ "acquire", acquire },       { "renew", renew },
	{ "release", release },       { "borrow", borrow },
	{ "return", give_back },      { "report", report },
	{ "suspend", suspend },       { "resume", resume },
	{ "shutdown", finish },
};

/* ---- The contract: nothing below need be changed. ---- */

/* The text of a key of a line of JSON, its simple escapes undone; "" where the key is not there. */
static const char *text_of(const char *line, const char *key, char *into, size_t room)
{
	char start[32];
	size_t length = 0;
	snprintf(start, sizeof start, "\"%s\":\"", key);
	const char *at = strstr(line, start);
	for (at = at ? at + strlen(start) : ""; *at && *at != '"' && length + 1 < room; at++) {
		if (*at == '\\' && at[1])
			at++;
		into[length++] = *at;
	}
	into[length] = '\0';
	return into;
}

static long id_of(const char *line)
{
	const char *at = strstr(line, "\"id\":");
	return at ? strtol(at + 5, NULL, 10) : 0;
}

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void answer(long id, const char *name, int result)
{
	if (result == OK)
		fprintf(out, "{\"id\":%ld,\"result\":\"ok\"}\n", id);
	else if (result == UNSUPPORTED)
		fprintf(out, "{\"id\":%ld,\"result\":\"unsupported\"}\n", id);
	else
		fprintf(out, "{\"id\":%ld,\"result\":\"error\",\"why\":\"%s gave %d\"}\n", id, name,
			result);
	fflush(out);
}

static int obey(const char *line)
{
	char name[32], argument[512];
	long id = id_of(line);
	text_of(line, "command", name, sizeof name);
	if (!*text_of(line, "argument", argument, sizeof argument))
		text_of(line, "program", argument, sizeof argument);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		double before = now_ms();
		int result = commands[i].run(argument);
		if (result != UNSUPPORTED)
			fprintf(out, "{\"event\":\"blocked\",\"command\":\"%s\",\"ms\":%.0f}\n", name,
				now_ms() - before);
		answer(id, name, result);
		return strcmp(name, "shutdown") == 0;
	}
	answer(id, name, UNSUPPORTED);
	return 0;
}

int main(int argc, char **argv)
{
	char line[65536];
	out = fdopen(dup(STDOUT_FILENO), "w");
	dup2(STDERR_FILENO, STDOUT_FILENO);
	library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	if (!library) {
		fprintf(stderr, "driver: %s\n", argc > 1 ? dlerror() : "name the library");
		return 2;
	}
	while (fgets(line, sizeof line, stdin))
		if (obey(line))
			return 0;
	finish("");
	return 0;
}
