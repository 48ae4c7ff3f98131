/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "event/container.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

struct sample {
	const char *cgroup, *engine, *id; /* engine NULL: no container */
};

static void expect(const struct sample *samples, size_t cnt)
{
	struct container c;

	for (size_t i = 0; i < cnt; i++) {
		bool found = container_parse(samples[i].cgroup, &c);

		if (found != (samples[i].engine != NULL))
			fail_msg("%s: %s", samples[i].cgroup, found ? c.id : "none");
		if (!found)
			continue;
		assert_string_equal(c.engine, samples[i].engine);
		assert_string_equal(c.id, samples[i].id);
	}
}

/* As the engines make them, with systemd and without. */
static void test_engines(void **state)
{
	static const struct sample samples[] = {
		{ "docker-" ID ".scope/system.slice", "docker", ID },
		{ ID "/docker", "docker", ID },
		{ "libpod-" ID ".scope/machine.slice", "podman", ID },
		{ "container/libpod-" ID ".scope/machine.slice", "podman", ID },
		{ "container/libpod-" ID ".scope/user.slice/user@1000.service/user-1000.slice/user.slice", "podman", ID },
		{ "libpod-payload-" ID "/web.service/system.slice", "podman", ID },
		{ "libpod-" ID "/libpod_parent", "podman", ID },
		{ ID "/libpod_parent", "podman", ID },
		{ "crio-" ID ".scope/kubepods-pod1.slice/kubepods.slice", "cri-o", ID },
		{ "crio-" ID, "cri-o", ID },
		{ "cri-containerd-" ID ".scope/kubepods-besteffort-pod1.slice/kubepods-besteffort.slice/kubepods.slice", "containerd", ID },
		{ "kubepods-besteffort-pod1.slice:cri-containerd:" ID "/containerd.service/system.slice", "containerd", ID },
		{ "system.slice:docker:" ID, "docker", ID },
		{ ID "/pod7d1a/besteffort/kubepods", "containerd", ID },
		{ "nerdctl-" ID ".scope/user.slice", "nerdctl", ID },
		{ ID "/default", "", ID },
		{ "lxc.payload.web1", "lxc", "web1" },
		{ "init.scope/lxc.payload.web1", "lxc", "web1" },
		{ "web1/lxc", "lxc", "web1" },
		{ "payload/machine-deb12.scope/machine.slice", "nspawn", "deb12" },
		{ "init.scope/payload/machine-a\\x2db.scope/machine.slice", "nspawn", "a-b" },
		{ "ssh.service/system.slice/payload/systemd-nspawn@web.service/machine.slice", "nspawn", "web" },
	};

	(void)state;
	expect(samples, ARRAY_SIZE(samples));
}

static void test_others(void **state)
{
	static const struct sample samples[] = {
		{ "", NULL, NULL },
		{ "/", NULL, NULL },
		{ "session-3.scope/user-1000.slice/user.slice", NULL, NULL },
		{ "app-org.example.Editor-7.scope/app.slice", NULL, NULL },
		{ "docker.service/system.slice", NULL, NULL },
		{ "docker", NULL, NULL },
		{ "lxc", NULL, NULL },
		{ "libpod-conmon-" ID ".scope/machine.slice", NULL, NULL },
		{ "crio-conmon-" ID ".scope", NULL, NULL },
		{ "docker-" ID "0.scope", NULL, NULL },
		{ "docker-0123456789ab.scope", NULL, NULL },
		{ "docker-" ID ".slice", NULL, NULL },
		{ "lxc.monitor.web1", NULL, NULL },
		{ "lxc.payload.", NULL, NULL },
		{ "machine-.scope/machine.slice", NULL, NULL },
		{ "systemd-nspawn@.service/machine.slice", NULL, NULL },
		{ "machine-qemu\\x2d1\\x2dguest.scope/machine.slice", NULL, NULL },
		{ "machine-libpod_pod_" ID ".slice/machine.slice", NULL, NULL },
		{ ":" , NULL, NULL },
		{ "a:b:" , NULL, NULL },
	};

	(void)state;
	expect(samples, ARRAY_SIZE(samples));
}

/* What is made within a container does not give it another name. */
static void test_outermost(void **state)
{
	static const struct sample samples[] = {
		{ ID "/docker/libpod-" OTHER ".scope/machine.slice", "podman", OTHER },
		{ "docker-" ID ".scope/system.slice/payload/machine-web.scope/machine.slice", "nspawn", "web" },
		{ "lxc.payload.inner/docker-" ID ".scope", "docker", ID },
	};

	(void)state;
	expect(samples, ARRAY_SIZE(samples));
}

static void test_names(void **state)
{
	char cgroup[CONTAINER_ID_MAX + 32] = "lxc.payload.";
	struct container c;

	(void)state;
	memset(cgroup + strlen(cgroup), 'a', CONTAINER_ID_MAX);
	assert_true(container_parse(cgroup, &c));
	assert_int_equal(strlen(c.id), CONTAINER_ID_MAX);
	assert_int_equal(container_short(&c), CONTAINER_ID_MAX);
	cgroup[strlen(cgroup)] = 'a';
	assert_false(container_parse(cgroup, &c));
	/* Escapes that stand for no byte of a name stay as they are. */
	assert_true(container_parse("machine-a\\x2f\\x00\\xzz\\x2.scope", &c));
	assert_string_equal(c.id, "a\\x2f\\x00\\xzz\\x2");
	assert_true(container_parse("docker-" ID ".scope", &c));
	assert_int_equal(container_short(&c), CONTAINER_SHORT);
	assert_int_equal(cgroup_leaf("run-u7.service/system.slice"), strlen("run-u7.service"));
	assert_int_equal(cgroup_leaf("run-u7.service"), strlen("run-u7.service"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engines),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_outermost),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
