/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The document: what it says of a store that is made here, and that no name breaks out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "evidence/page.h"
#include "store/store.h"

#define BEGIN_NS 1795449911000000000ull
#define HOSTILE "</code><script>alert(1)</script><img src=x onerror='a()'>\"&\xe2\x80\xae"

static const char incident[] =
	"{\"schema\":2,\"kind\":\"incident\",\"process\":{\"exe\":\"/usr/bin/cat\",\"pid\":812},"
	"\"ancestry\":[{\"exe\":\"/bin/bash\",\"pid\":800},{\"exe\":\"/usr/bin/node\",\"pid\":700,\"tool\":\"claude-code\"}],"
	"\"incident\":{\"confidence\":\"medium\",\"score\":65,\"reasons\":[\"soon after\"],\"reads\":[{\"time\":\"2026-11-23T16:05:11.000000000Z\","
	"\"path\":\"/home/ann/<b>.env\",\"class\":[\"dotenv\"],\"rule\":\"ai-reads-secret\",\"process\":{\"comm\":\"cat\",\"pid\":812}}],"
	"\"flows\":[{\"host\":\"api.example.com\",\"port\":443,\"provider\":\"demo\",\"bytes_after\":1380,\"delay_ms\":1500,\"evidence\":\"sni\","
	"\"own_provider\":false,\"cut\":false,\"process\":{\"comm\":\"node\",\"pid\":700}}],\"more_reads\":0,\"more_flows\":0}}";
static const char flow[] = "{\"schema\":2,\"kind\":\"net.flow\",\"net\":{\"host\":\"api.example.com\",\"provider\":\"demo\",\"provider_tier\":\"api\","
			   "\"training\":\"no\",\"bytes_sent\":2500,\"bytes_received\":100}}";

struct place {
	char dir[64], path[128];
	struct store_config config;
};

static void put(struct strbuf *b, unsigned int i, const char *kind, const char *rule, const char *taken, const char *path, const char *host,
		const char *line)
{
	struct store_row row = { .time_ns = BEGIN_NS + i * 1000000000ull, .user = 1000 };
	char uid[32];

	snprintf(uid, sizeof(uid), "u-%u", i);
	for (size_t t = 0; t < _STORE_TEXT_MAX; t++)
		row.text[t] = "";
	row.text[STORE_UID] = uid;
	row.text[STORE_KIND] = kind;
	row.text[STORE_SESSION] = "abc-7";
	row.text[STORE_TOOL] = i % 2 ? "claude-code" : HOSTILE;
	row.text[STORE_RULE] = rule;
	row.text[STORE_SEVERITY] = rule[0] ? "high" : "";
	row.text[STORE_VERDICT] = rule[0] ? "block" : "";
	row.text[STORE_TAKEN] = taken;
	row.text[STORE_PATH] = path;
	row.text[STORE_HOST] = host;
	row.text[STORE_LINE] = line;
	assert_true(store_row_put(b, &row));
}

static int make(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct strbuf b = STRBUF_INIT;
	struct store *st = NULL;
	struct errmsg e = { 0 };
	size_t rows;

	strcpy(p->dir, "/tmp/sluice-page.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/events.db", p->dir);
	p->config = (struct store_config){ .path = p->path, .host = HOSTILE, .boot_id = "1", .uid_begin = "s-" };
	put(&b, 0, "file.open", "ai-reads-secret", "denied", HOSTILE, "", "{}");
	put(&b, 1, "file.open", "ai-reads-secret", "denied", "/home/ann/.env", "", "{}");
	put(&b, 2, "file.open", HOSTILE, "", "/home/ann/.netrc", "", "{}");
	put(&b, 3, "net.flow", "", "", "", "api.example.com", flow);
	put(&b, 4, "net.connect", "", "", "", HOSTILE, "{\"net\":{}}");
	put(&b, 5, "incident", "", "", "/home/ann/<b>.env", "api.example.com", incident);
	put(&b, 6, "loss", "", "", "", "", "{\"loss\":{\"reason\":\"output-failed\",\"count\":12,\"help\":\"" "<u>" "\"}}");
	put(&b, 7, "incident", "", "", "", "", "not JSON at all <script>");
	assert_int_equal(store_open(&p->config, &st, &e), 0);
	assert_int_equal(store_append(st, b.data, b.len, true, &rows, &e), 0);
	store_close(st);
	strbuf_done(&b);
	*state = p;
	return 0;
}

static int leave(void **state)
{
	static const char *const names[] = { "events.db", "events.db-wal", "events.db-shm", "store.key", "store.pub" };
	struct place *p = *state;
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", p->dir, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(p->dir), 0);
	free(p);
	return 0;
}

static void on_fault(void *arg, const char *text)
{
	(void)arg;
	fail_msg("%s", text);
}

static void make_page(const char *path, const char *of, void (*print)(struct strbuf *, const struct page *), struct strbuf *b)
{
	struct store_reader *r = NULL;
	struct facts *f = NULL;
	struct verify_result check;
	struct errmsg e = { 0 };

	if (store_reader_open(path, &r, &e) || facts_read(r, &(struct store_query){ 0 }, of, &f, &e) ||
	    store_verify(r, NULL, on_fault, NULL, &check, &e))
		fail_msg("%s", e.text);
	print(b, &(struct page){ .facts = f, .about = "", .check = &check });
	assert_true(strbuf_ok(b));
	facts_free(f);
	store_reader_close(r);
}

static unsigned int times(const char *s, const char *what)
{
	unsigned int n = 0;

	while ((s = strstr(s, what))) {
		n++;
		s += strlen(what);
	}
	return n;
}

static void test_what_it_says(void **state)
{
	struct place *p = *state;
	struct strbuf b = STRBUF_INIT;
	json_object *o, *v;

	make_page(p->path, NULL, page_json, &b);
	o = json_tokener_parse(strbuf_str(&b));
	assert_non_null(o);
	assert_true(json_object_object_get_ex(o, "events", &v) && json_object_get_int(v) == 8);
	assert_true(json_object_object_get_ex(o, "refused", &v) && json_object_get_int(v) == 2);
	assert_true(json_object_object_get_ex(o, "alerts", &v) && json_object_get_int(v) == 1);
	assert_true(json_object_object_get_ex(o, "secrets_shown", &v) && json_object_get_int(v) == 1);
	assert_true(json_object_object_get_ex(o, "lost", &v) && json_object_get_int(v) == 12);
	assert_true(json_object_object_get_ex(o, "stories", &v) && json_object_array_length(v) == 1);
	assert_true(json_object_object_get_ex(o, "destinations", &v) && json_object_array_length(v) == 2);
	v = json_object_array_get_idx(v, 0);
	assert_string_equal(json_object_get_string(json_object_object_get(v, "name")), "demo");
	assert_int_equal(json_object_get_int(json_object_object_get(v, "sent")), 2500);
	assert_string_equal(json_object_get_string(json_object_object_get(v, "tier")), "api");
	json_object_put(o);
	strbuf_done(&b);
}

/* Every "<" of the page is one that it would have without any name: none of the names is markup. */
static void test_no_name_breaks_out(void **state)
{
	struct place *p = *state;
	struct strbuf b = STRBUF_INIT;
	const char *s;

	make_page(p->path, NULL, page_html, &b);
	s = strbuf_str(&b);
	assert_int_equal(times(s, "<script"), 0);
	assert_int_equal(times(s, "<img"), 0);
	assert_int_equal(times(s, "onerror='"), 0);
	assert_int_equal(times(s, "<b>.env"), 0);
	assert_int_equal(times(s, "<u>"), 0);
	assert_int_equal(times(s, "\xe2\x80\xae"), 0);
	assert_true(times(s, "&lt;script&gt;alert(1)&lt;/script&gt;") > 4);
	assert_true(times(s, "\\u{202e}") > 2);
	/* Nothing is fetched, and nothing runs. */
	assert_int_equal(times(s, "default-src 'none'"), 1);
	assert_int_equal(times(s, "http://") + times(s, "https://") + times(s, "url(") + times(s, "@import"), 0);
	/* The answer comes before everything else. */
	assert_true(strstr(s, "attempts were refused") && strstr(s, "attempts were refused") < strstr(s, "<h2>"));
	assert_non_null(strstr(s, "api.example.com:443 (demo)"));
	assert_non_null(strstr(s, "/home/ann/&lt;b&gt;.env"));
	assert_non_null(strstr(s, "&#9492; /bin/bash 800"));
	strbuf_done(&b);
}

static void test_the_same_store_gives_the_same_bytes(void **state)
{
	struct place *p = *state;
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;

	make_page(p->path, NULL, page_html, &a);
	sleep(1);
	make_page(p->path, NULL, page_html, &b);
	assert_string_equal(strbuf_str(&a), strbuf_str(&b));
	strbuf_done(&a);
	strbuf_done(&b);
}

static void test_one_incident(void **state)
{
	struct place *p = *state;
	struct strbuf b = STRBUF_INIT;
	struct store_reader *r = NULL;
	struct facts *f = NULL;
	struct errmsg e = { 0 };

	make_page(p->path, "u-5", page_html, &b);
	assert_int_equal(times(strbuf_str(&b), "<section class=\"story"), 1);
	strbuf_done(&b);
	assert_int_equal(store_reader_open(p->path, &r, &e), 0);
	assert_int_equal(facts_read(r, &(struct store_query){ 0 }, "u-4", &f, &e), -ENOENT);
	store_reader_close(r);
}

static void test_csv_is_no_formula(void **state)
{
	struct strbuf b = STRBUF_INIT;

	(void)state;
	page_cell(&b, "=cmd()");
	page_cell(&b, "a\"b");
	assert_string_equal(strbuf_str(&b), "\"'=cmd()\"\"a\"\"b\"");
	strbuf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_it_says, make, leave),
		cmocka_unit_test_setup_teardown(test_no_name_breaks_out, make, leave),
		cmocka_unit_test_setup_teardown(test_the_same_store_gives_the_same_bytes, make, leave),
		cmocka_unit_test_setup_teardown(test_one_incident, make, leave),
		cmocka_unit_test(test_csv_is_no_formula),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
