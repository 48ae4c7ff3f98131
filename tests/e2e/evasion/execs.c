/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What executing a file gives: execs fd FILE executes it by a descriptor that cannot read it. As an interpreter (by its first line, or of
 * binfmt_misc) it prints what it is given: the descriptor of the file, if there is one; else the argument that its first line has, or the file.
 */
#include <sys/auxv.h>
#include <sys/syscall.h>

#include "evade.h"

extern char **environ;

static int execute(const char *path)
{
	char *argv[] = { (char *)path, NULL };
	int fd = open(path, O_PATH);

	if (fd < 0)
		return evade_cannot("open");
	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
	return evade_refused("execveat");
}

int main(int argc, char **argv)
{
	unsigned long handed = getauxval(AT_EXECFD);
	int fd;

	if (argc == 3 && !strcmp(argv[1], "fd"))
		return execute(argv[2]);
	if (handed)
		return evade_show((int)handed);
	if (argc > 2)
		return puts(argv[1]) < 0;
	fd = argc > 1 ? open(argv[argc - 1], O_RDONLY) : -1;
	return fd < 0 ? evade_refused("open") : evade_show(fd);
}
