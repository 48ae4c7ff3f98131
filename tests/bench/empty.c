/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Runs a command while programs of empty.bpf.o are attached: empty OBJECT PROGRAM... -- COMMAND [ARG...]
 * cgroup programs are attached to /sys/fs/cgroup, or EMPTY_CGROUP. Exit status is the command's; 125: could not attach.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILED 125

static int fail(const char *what, const char *name)
{
	fprintf(stderr, "empty: %s %s: %s\n", what, name, strerror(errno));
	return FAILED;
}

static int attach(struct bpf_object *object, const char *name, int cgroup)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(object, name);
	struct bpf_link *link;

	if (strncmp(bpf_program__section_name(prog), "cgroup", 6))
		link = bpf_program__attach(prog);
	else
		link = bpf_program__attach_cgroup(prog, cgroup);
	/* Never destroyed: it goes with this process. */
	return link ? 0 : fail("cannot attach", name);
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *prog;
	int end = 2, cgroup, status;
	const char *folder;
	pid_t pid;

	while (end < argc && strcmp(argv[end], "--"))
		end++;
	if (argc < 2 || end + 1 >= argc) {
		fprintf(stderr, "usage: empty OBJECT PROGRAM... -- COMMAND [ARG...]\n");
		return 2;
	}
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return fail("cannot open", argv[1]);
	bpf_object__for_each_program(prog, object)
		bpf_program__set_autoload(prog, false);
	for (int i = 2; i < end; i++) {
		prog = bpf_object__find_program_by_name(object, argv[i]);
		if (!prog)
			return fail("no such program", argv[i]);
		bpf_program__set_autoload(prog, true);
	}
	if (bpf_object__load(object))
		return fail("cannot load", argv[1]);
	folder = getenv("EMPTY_CGROUP");
	cgroup = open(folder ? folder : "/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 2; i < end; i++) {
		status = attach(object, argv[i], cgroup);
		if (status)
			return status;
	}
	pid = fork();
	if (pid == 0) {
		execvp(argv[end + 1], argv + end + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return fail("cannot run", argv[end + 1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}
