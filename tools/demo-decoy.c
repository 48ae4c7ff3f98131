/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The AI tool of `make demo`: does what a real one does when the model asks for a file, and nothing else. Reads the
 * file itself, has a shell print it once more, looks the provider up in DNS and sends what it read in one HTTP
 * request. Which files and hosts those are is up to the caller (tools/demo); it holds no secret of its own.
 *
 *   demo-tool FILE HOST PORT
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static char content[4096];

static int read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t len;

	if (!f) {
		perror(path);
		return -1;
	}
	len = fread(content, 1, sizeof(content) - 1, f);
	fclose(f);
	content[len] = '\0';
	return 0;
}

/* The same file once more through a program, as by a tool's shell. */
static int cat_file(const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		return -1;
	}
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execlp("cat", "cat", path, (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0 || status) {
		fprintf(stderr, "cat %s failed\n", path);
		return -1;
	}
	return 0;
}

static int dial(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *list, *ai;
	int err, fd = -1;

	err = getaddrinfo(host, port, &hints, &list);
	if (err) {
		fprintf(stderr, "%s: %s\n", host, gai_strerror(err));
		return -1;
	}
	for (ai = list; ai && fd < 0; ai = ai->ai_next) {
		fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);
		if (fd >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen)) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	if (fd < 0)
		perror(host);
	return fd;
}

static int send_content(const char *host, const char *port)
{
	char request[sizeof(content) + 512], answer[64] = "";
	int len, fd = dial(host, port);
	ssize_t n = -1;

	if (fd < 0)
		return -1;
	len = snprintf(request, sizeof(request),
		       "POST /v1/prompt HTTP/1.1\r\nHost: %.255s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		       host, strlen(content), content);
	if (send(fd, request, (size_t)len, MSG_NOSIGNAL) == len)
		n = recv(fd, answer, sizeof(answer) - 1, 0);
	close(fd);
	if (n <= 0 || strncmp(answer, "HTTP/1.1 200", 12)) {
		fprintf(stderr, "%s: no good answer\n", host);
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: %s FILE HOST PORT\n", argv[0]);
		return 2;
	}
	if (read_file(argv[1]) || cat_file(argv[1]) || send_content(argv[2], argv[3]))
		return 1;
	return 0;
}
