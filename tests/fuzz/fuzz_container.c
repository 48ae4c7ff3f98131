/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Any bytes as a cgroup's path. What is found to be a container has an engine and an id within its bound, without a separator; and
 * the same one is found when more is below it, however that is named.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "event/container.h"

#define EXPECT(x)            \
	do {                 \
		if (!(x))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char below[] = "lxc.payload.inner/container/";
	struct container outer, inner;
	char *text = malloc(sizeof(below) + size), *path;

	EXPECT(text);
	memcpy(text, below, sizeof(below) - 1);
	path = text + sizeof(below) - 1;
	memcpy(path, data, size);
	path[size] = '\0';
	EXPECT(cgroup_leaf(path) <= strlen(path));
	if (container_parse(path, &outer)) {
		EXPECT(outer.engine && outer.id[0] && strlen(outer.id) <= CONTAINER_ID_MAX && !strchr(outer.id, '/'));
		EXPECT(container_short(&outer) <= strlen(outer.id));
		EXPECT(container_parse(text, &inner));
		EXPECT(!strcmp(outer.id, inner.id) && outer.engine == inner.engine);
	}
	free(text);
	return 0;
}
