/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What the shipped lists say of ordinary and of suspicious reads and connections. Each row is something that happens on
 * a developer's machine; a false alarm here is one on every such machine.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/shipped.h"

static struct shipped shipped, enforcing;

static int load(void **state)
{
	(void)state;
	shipped_init(&shipped, "default.yaml");
	shipped_init(&enforcing, "enforce.yaml");
	return 0;
}

static int unload(void **state)
{
	(void)state;
	shipped_done(&shipped);
	shipped_done(&enforcing);
	return 0;
}

static const struct read_case {
	const char *tool;   /* "-": outside every session */
	const char *who;    /* "self", "startup", or the executable of a child and its arguments */
	const char *path;
	const char *class;  /* one that the path must be in; NULL: in none at all */
	const char *rule;   /* NULL: nothing is reported */
} reads[] = {
	/* dotenv: the tool itself and what prints it */
	{ "claude-code", "self", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "codex", "/usr/bin/cat", "/home/ann/shop/.env.local", "dotenv", "ai-reads-secret" },
	{ "codex", "/bin/sed", "/home/ann/shop/.env.production", "dotenv", "ai-reads-secret" },
	{ "opencode", "self", "/home/ann/shop/api/deep/er/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/rg KEY prod.env", "/home/ann/shop/prod.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/busybox", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/nix/store/abc-coreutils-9.5/bin/coreutils", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/home/linuxbrew/.linuxbrew/Cellar/bat/0.25/bin/bat", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/base64", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/tar cz .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/curl", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/vim.basic", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	/* copies and swap files hold the same */
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.env.bak", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.env~", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.env.swp", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.env.old", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.env copy", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.env-prod", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.env_staging", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.dev.vars", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.env.keys", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.envs/.production/.django", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.aws/.credentials.swp", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.ssh/id_rsa.bak", "private-keys", "ai-reads-secret" },
	/* templates, encrypted files, code and packages are none */
	{ "claude-code", "self", "/home/ann/shop/.env.example", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.sample", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.template", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.dist", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.defaults", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.schema", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.local.example", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.example.local", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/example.env", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.tpl", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.vault", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.enc", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.d.ts", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/env", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.environment", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/env.ts", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.env.example~", NULL, NULL },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/node_modules/dotenv/.env", NULL, NULL },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.venv/lib/python3.11/site-packages/flask/.env", NULL, NULL },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.env/lib/python3.11/os.py", NULL, NULL },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/.env/bin/activate", NULL, NULL },
	/* dotenv: ordinary work */
	{ "claude-code", "/usr/bin/docker", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/libexec/docker/cli-plugins/docker-compose", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/git", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/make", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/direnv", "/home/ann/shop/.envrc", "envrc", "purpose-built" },
	{ "claude-code", "/usr/local/bin/gitleaks", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/node x.js", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/python3.11 x.py", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/home/ann/shop/target/debug/shop", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/bash", "/home/ann/shop/.env", "dotenv", "shell-reads-dotenv" },
	{ "claude-code", "/usr/bin/dash", "/home/ann/shop/.env", "dotenv", "shell-reads-dotenv" },
	{ "claude-code", "/usr/bin/bash", "/home/ann/.ssh/id_ed25519", "private-keys", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/bash", "/home/ann/.bashrc", NULL, NULL },
	/* a search that a tool brings along; the loader as a program; the compiler's first pass */
	{ "qwen-code", "/usr/lib/node_modules/@qwen-code/qwen-code/vendor/ripgrep/x64-linux/rg", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "copilot-cli", "/usr/lib/node_modules/@github/copilot/ripgrep/bin/linux-x64/rg", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 /usr/bin/cat", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/lib/ld-musl-x86_64.so.1 /usr/bin/cat", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/libexec/gcc/x86_64-linux-gnu/14/cc1 -E", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/shuf", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	/* asked to print what they are made for; options in front hide nothing */
	{ "claude-code", "/usr/bin/git diff --no-index /dev/null .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/git -C shop -c core.pager=cat --no-pager diff --no-index a .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/git --git-dir x --work-tree y grep --no-index KEY .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/git hash-object -w .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/git show :.env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/git credential fill", "/home/ann/.git-credentials", "git-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/git stash", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/git add -A", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/git commit -m show", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/git push", "/home/ann/.git-credentials", "git-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/git status", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/aws configure get aws_secret_access_key", "/home/ann/.aws/credentials", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/aws --profile x configure export-credentials", "/home/ann/.aws/credentials", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/aws s3 cp a s3://b/", "/home/ann/.aws/credentials", "cloud-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/python3.11 /usr/bin/aws configure get x", "/home/ann/.aws/credentials", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/python3.11 /usr/bin/aws --region eu s3 ls", "/home/ann/.aws/credentials", "cloud-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/python3.11 -m awscli s3 ls", "/home/ann/.aws/credentials", "cloud-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/python3.11 /usr/bin/borg create r::a /home/ann", "/home/ann/.aws/credentials", "cloud-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/python3.11 /usr/bin/duplicity /home/ann file:///b", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/python3.11 -S /opt/google-cloud-sdk/lib/gcloud.py storage ls", "/home/ann/.config/gcloud/credentials.db", "cloud-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/python3.11 -S /opt/google-cloud-sdk/lib/gcloud.py auth print-access-token", "/home/ann/.config/gcloud/credentials.db", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/gh pr list", "/home/ann/.config/gh/hosts.yml", "git-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/gh auth token", "/home/ann/.config/gh/hosts.yml", "git-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/kubectl get pods", "/home/ann/.kube/config", "cluster-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/kubectl config view", "/home/ann/.kube/config", "cluster-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/kubectl --context x config view --raw", "/home/ann/.kube/config", "cluster-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/kubectl config view -o json --raw", "/home/ann/.kube/config", "cluster-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/rclone config show", "/home/ann/.config/rclone/rclone.conf", "service-tokens", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/rclone --config r.conf sync a b:", "/home/ann/.config/rclone/rclone.conf", "service-tokens", "purpose-built" },
	{ "claude-code", "/usr/bin/docker compose -f dev.yml --env-file .env config", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/docker compose up -d", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/docker compose config --services", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/libexec/docker/cli-plugins/docker-compose compose config", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/openssl rsa -in k -text -noout", "/home/ann/.ssh/id_rsa", "private-keys", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/openssl pkey -in k", "/home/ann/.ssh/id_rsa", "private-keys", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/openssl rsa -in k -pubout", "/home/ann/.ssh/id_rsa", "private-keys", "purpose-built" },
	{ "claude-code", "/usr/bin/openssl req -new -key k", "/home/ann/.ssh/id_rsa", "private-keys", "purpose-built" },
	{ "claude-code", "/usr/bin/make --eval=x", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/make -j4 build", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/direnv dump", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/direnv exec . npm start", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/gpg --batch --export-secret-keys --armor", "/home/ann/.gnupg/private-keys-v1.d/A.key", "gpg-keys", "ai-reads-personal-secret" },
	{ "claude-code", "/usr/bin/keepassxc-cli show db.kdbx x", "/home/ann/db.kdbx", "password-stores", "ai-reads-personal-secret" },
	/* more arguments than are looked at: what prints may be behind them */
	{ "claude-code", "/usr/bin/git diff a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/git add a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	/* a shell with a script is an interpreter, its command line is the session */
	{ "claude-code", "/usr/bin/bash scripts/dev.sh", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/bash -eu scripts/dev.sh -c x", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/bash -o pipefail dev.sh", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/bash -c x", "/home/ann/shop/.env", "dotenv", "shell-reads-dotenv" },
	{ "claude-code", "/usr/bin/bash -euc x", "/home/ann/shop/.env", "dotenv", "shell-reads-dotenv" },
	{ "claude-code", "/usr/bin/dash -s", "/home/ann/shop/.env", "dotenv", "shell-reads-dotenv" },
	{ "claude-code", "/usr/bin/bash -l", "/home/ann/shop/.env", "dotenv", "shell-reads-dotenv" },
	{ "claude-code", "/usr/bin/bash /dev/fd/63", "/home/ann/shop/.env", "dotenv", "shell-reads-dotenv" },
	/* looking is not showing, but for an option that shows */
	{ "claude-code", "/usr/bin/wc -l .env", "/home/ann/shop/.env", "dotenv", "looked-at" },
	{ "claude-code", "/usr/bin/wc --files0-from=.env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/sha256sum .env", "/home/ann/shop/.env", "dotenv", "looked-at" },
	{ "claude-code", "/usr/bin/file .env", "/home/ann/shop/.env", "dotenv", "looked-at" },
	{ "claude-code", "/usr/bin/file -f .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cmp a .env", "/home/ann/shop/.env", "dotenv", "looked-at" },
	{ "claude-code", "/usr/bin/cmp -l a .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/grep -q KEY .env", "/home/ann/shop/.env", "dotenv", "looked-at" },
	{ "claude-code", "/usr/bin/grep -e -q .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/grep -- -q .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/grep -A -q . .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/grep KEY .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	/* an option that takes a value for another interpreter hides no code; what prints the work tree is generic */
	{ "claude-code", "/usr/bin/python3 -O -c x", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/perl -W -e x", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/perl -Te x", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/bash -r -c x", "/home/ann/shop/.env", "dotenv", "shell-reads-dotenv" },
	{ "claude-code", "/usr/bin/bash -euo pipefail -c x", "/home/ann/shop/.env", "dotenv", "shell-reads-dotenv" },
	{ "claude-code", "/usr/bin/zsh +f -c x", "/home/ann/shop/.env", "dotenv", "shell-reads-dotenv" },
	{ "claude-code", "/usr/bin/python3 /dev/fd/63", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/bash -euo pipefail run.sh", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/node -r ./d.js app.js", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/git diff", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/git diff --stat", "/home/ann/shop/.env", "dotenv", "purpose-built" },
	{ "claude-code", "/usr/bin/git commit -F .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/grep -ve -q .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/grep -r --include=?env x .", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/grep -rn TODO .", "/home/ann/shop/.env", "dotenv", "swept" },
	{ "claude-code", "/usr/bin/grep -rn KEY .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/rg -uu TODO", "/home/ann/shop/.env", "dotenv", "swept" },
	{ "claude-code", "/usr/bin/rg -uu KEY .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cp -r shop /tmp/x", "/home/ann/shop/.env", "dotenv", "swept" },
	{ "claude-code", "/usr/bin/cp .env /tmp/x", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/tar czf x.tgz .", "/home/ann/shop/.env", "dotenv", "swept" },
	{ "claude-code", "/usr/bin/tar cf - .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/grep -r KEY /home/ann/.aws/", "/home/ann/.aws/credentials", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cp -r /home/ann/.ssh /tmp/x", "/home/ann/.ssh/id_rsa", "private-keys", "ai-reads-secret" },
	/* code that the session made up is the session itself; the project's own is not */
	{ "claude-code", "/usr/bin/python3.11 -c print(open('.env').read())", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/python3.11 -cprint(1)", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/python3.11 -u -Ic import-x", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/python3.11 -W error -c x", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/python3.11", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/python3.11 -", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/python3.11 -c x", "/home/ann/.aws/credentials", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/python3.11 -c x", "/home/ann/.claude/.credentials.json", "agent-tokens", "token-printed" },
	{ "claude-code", "/usr/bin/python3.11 -m pytest -c pytest.ini", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/python3.11 manage.py -c x", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/python3.11 -u manage.py", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/node -e console.log(1)", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/node -r dotenv/config --eval=x", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/node -pe x", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/node --env-file .env server.js", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/node --test", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/node server.js -e prod", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/home/ann/.bun/bin/bun -e x", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/home/ann/.bun/bin/bun run dev", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/home/ann/.deno/bin/deno eval x", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/home/ann/.deno/bin/deno task dev", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/perl -ne print .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/perl -lane print .env", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/perl bin/app.pl -e", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/ruby -e puts(1)", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/ruby bin/rails server", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "claude-code", "/usr/bin/php -r echo(1);", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/php artisan serve", "/home/ann/shop/.env", "dotenv", "program-reads-secret" },
	{ "vscode", "/usr/bin/python3.11 -c x", "/home/ann/shop/.env", "dotenv", "ide-reads-secret" },
	{ "-", "/usr/bin/python3.11 -c x", "/home/ann/.codex/auth.json", "agent-tokens", "stranger-reads-ai-token" },
	/* start-up load is its own kind, and only where it is known */
	{ "gemini-cli", "startup", "/home/ann/shop/.env", "dotenv", "startup-load" },
	{ "qwen-code", "startup", "/home/ann/shop/.env", "dotenv", "startup-load" },
	{ "cline", "startup", "/home/ann/shop/.env.local", "dotenv", "startup-load" },
	{ "aider", "startup", "/home/ann/.env", "dotenv", "startup-load" },
	{ "continue", "startup", "/home/ann/shop/.env", "dotenv", "startup-load" },
	{ "gemini-cli", "self", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	{ "gemini-cli", "startup", "/home/ann/.ssh/id_rsa", "private-keys", "ai-reads-secret" },
	{ "gemini-cli", "startup", "/home/ann/.gemini/.env", "agent-tokens", "own-store" },
	{ "claude-code", "startup", "/home/ann/shop/.env", "dotenv", "ai-reads-secret" },
	/* keys */
	{ "claude-code", "/usr/bin/ssh", "/home/ann/.ssh/id_ed25519", "private-keys", "purpose-built" },
	{ "claude-code", "/usr/lib/openssh/ssh-keysign", "/etc/ssh/ssh_host_ed25519_key", "private-keys", "purpose-built" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.ssh/id_ed25519", "private-keys", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/root/.ssh/id_rsa", "private-keys", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/deploy_ed25519", "private-keys", "ai-reads-secret" },
	{ "claude-code", "self", "/home/ann/.ssh/id_ed25519.pub", NULL, NULL },
	{ "claude-code", "/usr/bin/git", "/home/ann/.ssh/id_ed25519", "private-keys", "ai-reads-secret" },
	{ "claude-code", "self", "/home/ann/.ssh/config", "ssh-config", "ai-reads-key-like" },
	{ "claude-code", "/usr/bin/ssh", "/home/ann/.ssh/known_hosts", "ssh-config", NULL },
	{ "claude-code", "/usr/bin/gpg", "/home/ann/.gnupg/private-keys-v1.d/AB.key", "gpg-keys", "purpose-built" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.gnupg/private-keys-v1.d/AB.key", "gpg-keys", "ai-reads-personal-secret" },
	{ "claude-code", "/usr/bin/python3.11", "/home/ann/.gnupg/private-keys-v1.d/AB.key", "gpg-keys", "ai-reads-personal-secret" },
	{ "claude-code", "self", "/home/ann/shop/server.key", "key-files", "ai-reads-key-like" },
	{ "claude-code", "/usr/bin/python3.11 x.py", "/home/ann/shop/server.pem", "key-files", NULL },
	/* certificates and test data say nothing */
	{ "claude-code", "self", "/etc/ssl/certs/ca-certificates.pem", NULL, NULL },
	{ "claude-code", "self", "/usr/share/ca-certificates/mozilla/x.pem", NULL, NULL },
	{ "claude-code", "self", "/usr/lib/ssl/cert.pem", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/node_modules/https/test/key.pem", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/.venv/lib/python3.11/site-packages/certifi/cacert.pem", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/vendor/github.com/x/testdata/key.pem", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/tests/data/server.key", NULL, NULL },
	{ "claude-code", "self", "/home/ann/go/pkg/mod/example.com/x@v1/key.pem", NULL, NULL },
	{ "claude-code", "self", "/home/ann/.cargo/registry/src/x/key.pem", NULL, NULL },
	{ "claude-code", "self", "/usr/include/id_rsa.h", NULL, NULL },
	/* clouds, clusters */
	{ "claude-code", "self", "/home/ann/.aws/credentials", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/srv/moved/.aws/credentials", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/local/aws-cli/v2/2.17.0/dist/aws", "/home/ann/.aws/credentials", "cloud-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/terraform", "/home/ann/.aws/credentials", "cloud-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/python3.11 x.py", "/home/ann/.aws/credentials", "cloud-credentials", "program-reads-secret" },
	{ "claude-code", "/usr/bin/git", "/home/ann/.aws/credentials", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/ssh", "/home/ann/.aws/credentials", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "self", "/home/ann/shop/node_modules/aws-sdk/credentials", NULL, NULL },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.config/gcloud/application_default_credentials.json", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.config/gcloud/legacy_credentials/ann@example.com/adc.json", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/shop-firebase-adminsdk-x1.json", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.azure/msal_token_cache.json", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/kubectl", "/home/ann/.kube/config", "cluster-credentials", "purpose-built" },
	{ "claude-code", "/snap/kubectl/3446/kubectl", "/home/ann/.kube/config", "cluster-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/grep", "/home/ann/.kube/config", "cluster-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/docker", "/home/ann/.docker/config.json", "cluster-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/jq", "/home/ann/.docker/config.json", "cluster-credentials", "ai-reads-secret" },
	{ "claude-code", "self", "/run/user/1000/containers/auth.json", "cluster-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/terraform.tfvars", "iac-credentials", "ai-reads-secret" },
	{ "claude-code", "self", "/home/ann/shop/terraform.tfvars.example", NULL, NULL },
	{ "claude-code", "/usr/bin/cat", "/home/ann/shop/terraform.tfstate", "iac-state", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/terraform", "/home/ann/shop/terraform.tfstate", "iac-state", "purpose-built" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.config/sops/age/keys.txt", "iac-credentials", "ai-reads-secret" },
	/* in two classes: made for the file means made for both */
	{ "claude-code", "/usr/bin/pulumi", "/home/ann/.pulumi/credentials.json", "iac-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/pulumi", "/home/ann/.pulumi/credentials.json", "framework-secrets", "purpose-built" },
	{ "claude-code", "/usr/bin/ssh", "/home/ann/.ssh/shop.pem", "private-keys", "purpose-built" },
	{ "claude-code", "/usr/bin/git", "/home/ann/.claude/projects/-home-ann-shop/.env", "agent-cache", "own-store" },
	{ "codex", "/usr/bin/git", "/home/ann/.claude/projects/-home-ann-shop/.env", "agent-cache", "ai-reads-secret" },
	/* a copy of a program under the name of one that is trusted with this */
	{ "claude-code", "/tmp/bin/gpg", "/home/ann/.gnupg/private-keys-v1.d/AB.key", "gpg-keys", "ai-reads-personal-secret" },
	{ "claude-code", "/home/ann/bin/keepassxc", "/home/ann/Documents/all.kdbx", "password-stores", "ai-reads-personal-secret" },
	/* git, databases, services */
	{ "claude-code", "/usr/lib/git-core/git-credential-store", "/home/ann/.git-credentials", "git-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.git-credentials", "git-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/gh", "/home/ann/.config/gh/hosts.yml", "git-credentials", "purpose-built" },
	{ "claude-code", "self", "/home/ann/.config/gh/hosts.yml", "git-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/curl", "/home/ann/.netrc", "netrc", "purpose-built" },
	{ "claude-code", "/usr/bin/curl", "/home/ann/.aws/credentials", "cloud-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/psql", "/home/ann/.pgpass", "database-credentials", "purpose-built" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.pgpass", "database-credentials", "ai-reads-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.vault-token", "service-tokens", "ai-reads-secret" },
	{ "claude-code", "self", "/home/ann/.config/rclone/rclone.conf", "service-tokens", "ai-reads-secret" },
	{ "claude-code", "self", "/home/ann/shop/config/master.key", "service-tokens", "ai-reads-secret" },
	{ "claude-code", "self", "/home/ann/.npmrc", "package-tokens", "ai-reads-sensitive" },
	{ "claude-code", "/usr/bin/node x.js", "/home/ann/.npmrc", "package-tokens", NULL },
	{ "claude-code", "/usr/bin/cargo", "/home/ann/.cargo/credentials.toml", "registry-tokens", "purpose-built" },
	{ "claude-code", "self", "/home/ann/shop/config/secrets.yml", "framework-secrets", "ai-reads-sensitive" },
	{ "claude-code", "self", "/home/ann/shop/.secrets.baseline", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/src/credentials.py", NULL, NULL },
	{ "claude-code", "self", "/home/ann/shop/docs/secret-management.md", NULL, NULL },
	{ "claude-code", "/usr/bin/tail", "/home/ann/.bash_history", "shell-history", "ai-reads-sensitive" },
	/* browsers, password managers, wallets, the system */
	{ "claude-code", "self", "/home/ann/.mozilla/firefox/ab12.default-release/logins.json", "browser-secrets", "ai-reads-personal-secret" },
	{ "claude-code", "/usr/bin/sqlite3", "/home/ann/.mozilla/firefox/ab12.default-release/cookies.sqlite", "browser-secrets", "ai-reads-personal-secret" },
	{ "claude-code", "/usr/bin/python3.11", "/home/ann/.config/google-chrome/Default/Login Data", "browser-secrets", "ai-reads-personal-secret" },
	{ "claude-code", "/home/ann/shop/a.out", "/home/ann/.config/BraveSoftware/Brave-Browser/Default/Cookies", "browser-secrets", "ai-reads-personal-secret" },
	{ "claude-code", "/opt/google/chrome/chrome", "/home/ann/.config/google-chrome/Default/Login Data", "browser-secrets", "purpose-built" },
	{ "claude-code", "/snap/firefox/5701/usr/lib/firefox/firefox", "/home/ann/snap/firefox/common/.mozilla/firefox/ab12.default/key4.db", "browser-secrets", "purpose-built" },
	{ "claude-code", "self", "/home/ann/.config/Code/Cookies", NULL, NULL },
	{ "claude-code", "/usr/bin/keepassxc", "/home/ann/Documents/all.kdbx", "password-stores", "purpose-built" },
	{ "claude-code", "/usr/bin/cp", "/home/ann/Documents/all.kdbx", "password-stores", "ai-reads-personal-secret" },
	{ "claude-code", "self", "/home/ann/.password-store/bank/card.gpg", "password-stores", "ai-reads-personal-secret" },
	{ "claude-code", "self", "/home/ann/.local/share/keyrings/login.keyring", "password-stores", "ai-reads-personal-secret" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.bitcoin/wallet.dat", "wallets", "ai-reads-personal-secret" },
	{ "claude-code", "/usr/bin/sudo", "/etc/shadow", "system-secrets", "purpose-built" },
	{ "claude-code", "/usr/sbin/unix_chkpwd", "/etc/shadow", "system-secrets", "purpose-built" },
	{ "claude-code", "/usr/bin/cat", "/etc/shadow", "system-secrets", "ai-reads-personal-secret" },
	{ "claude-code", "/usr/bin/cat", "/etc/security/opasswd", "system-secrets", "ai-reads-personal-secret" },
	{ "claude-code", "/usr/bin/sudo", "/etc/security/limits.conf", NULL, NULL },
	{ "claude-code", "/usr/bin/cat", "/etc/passwd", NULL, NULL },
	{ "claude-code", "/usr/bin/cat", "/proc/1234/environ", "process-memory", "ai-reads-sensitive" },
	{ "claude-code", "/usr/bin/ps", "/proc/1234/environ", "process-memory", NULL },
	/* own stores, and those of others */
	{ "claude-code", "self", "/home/ann/.claude/.credentials.json", "agent-tokens", "own-store" },
	{ "claude-code", "self", "/home/ann/.claude/projects/-home-ann-shop/a.jsonl", "agent-cache", "own-store" },
	{ "claude-code", "self", "/tmp/claude-1000/-home-ann-shop/tasks/b1.output", "agent-cache", "own-store" },
	{ "claude-code", "/usr/bin/node x.js", "/home/ann/.claude/projects/-home-ann-shop/a.jsonl", "agent-cache", "own-store" },
	{ "claude-code", "/usr/bin/grep", "/home/ann/.claude/history.jsonl", "agent-cache", "own-store" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.claude/projects/-home-ann-shop/a.jsonl", "agent-transcripts", "transcript-printed" },
	{ "codex", "/usr/bin/jq", "/home/ann/.claude/projects/-home-ann-shop/a.jsonl", "agent-transcripts", "transcript-printed" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.claude/file-history/5f3a/91c2@v1", "agent-transcripts", "transcript-printed" },
	{ "codex", "/usr/bin/sed", "/home/ann/.codex/sessions/2026/11/23/rollout-1.jsonl", "agent-transcripts", "transcript-printed" },
	{ "gemini-cli", "/usr/bin/cat", "/home/ann/.gemini/tmp/0f3a/chats/session-1.json", "agent-transcripts", "transcript-printed" },
	{ "claude-code", "/usr/bin/grep", "/home/ann/.claude/projects/-home-ann-shop/5f3a/tool-results/b1.txt", "agent-cache", "own-store" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.claude/projects/-home-ann-shop/memory/MEMORY.md", "agent-cache", "own-store" },
	{ "vscode", "/usr/bin/cat", "/home/ann/.claude/projects/-home-ann-shop/a.jsonl", "agent-transcripts", "ide-reads-secret" },
	{ "-", "/usr/bin/cat", "/home/ann/.claude/projects/-home-ann-shop/a.jsonl", "agent-transcripts", NULL },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.claude/.credentials.json", "agent-tokens", "token-printed" },
	{ "claude-code", "/usr/bin/jq", "/home/ann/.claude.json", "agent-tokens", "token-printed" },
	{ "codex", "self", "/home/ann/.codex/.env", "agent-tokens", "own-store" },
	{ "codex", "self", "/home/ann/.codex/sessions/2026/11/23/rollout-1.jsonl.zst", "agent-cache", "own-store" },
	{ "claude-code", "self", "/home/ann/.codex/auth.json", "agent-tokens", "other-tools-token" },
	{ "claude-code", "/usr/bin/cat", "/home/ann/.codex/auth.json", "agent-tokens", "token-printed" },
	{ "codex", "/usr/bin/node x.js", "/home/ann/.claude/.credentials.json", "agent-tokens", "token-by-program" },
	{ "claude-code", "self", "/home/ann/.codex/sessions/2026/11/23/rollout-1.jsonl", "agent-cache", "other-tools-cache" },
	{ "opencode", "/usr/bin/git", "/home/ann/.local/share/opencode/snapshot/5f3a/objects/91/c2", "agent-cache", "own-store" },
	{ "codex", "/usr/bin/cat", "/home/ann/.local/share/opencode/snapshot/5f3a/objects/91/c2", "agent-cache", "other-tools-cache" },
	{ "opencode", "self", "/home/ann/.claude/skills/review/SKILL.md", NULL, NULL },
	{ "opencode", "self", "/home/ann/.claude/CLAUDE.md", NULL, NULL },
	{ "copilot-cli", "self", "/home/ann/.config/github-copilot/apps.json", "agent-tokens", "own-store" },
	{ "aider", "self", "/home/ann/shop/.aider.chat.history.md", "agent-project-files", "own-store" },
	{ "claude-code", "self", "/home/ann/shop/.aider.chat.history.md", "agent-project-files", "ai-reads-key-like" },
	{ "kiro-cli", "self", "/home/ann/.aws/sso/cache/kiro-auth-token.json", "cloud-credentials", "own-store" },
	/* editors: a record, except for what no editor needs */
	{ "vscode", "self", "/home/ann/shop/.env", "dotenv", "ide-reads-secret" },
	{ "vscode", "/usr/bin/cat", "/home/ann/shop/.env", "dotenv", "ide-reads-secret" },
	{ "vscode", "/usr/bin/bash", "/home/ann/shop/.env", "dotenv", "ide-reads-secret" },
	{ "cursor", "self", "/home/ann/.ssh/id_rsa", "private-keys", "ide-reads-secret" },
	{ "cursor", "self", "/home/ann/.config/Cursor/User/globalStorage/state.vscdb", "agent-cache", "ide-own-store" },
	{ "vscode", "self", "/home/ann/.config/Cursor/User/globalStorage/state.vscdb", "agent-cache", "ide-reads-secret" },
	{ "vscode", "self", "/home/ann/.claude/projects/-home-ann-shop/a.jsonl", "agent-cache", "ide-reads-secret" },
	{ "jetbrains", "self", "/home/ann/.config/JetBrains/IntelliJIdea2025.3/c.kdbx", "password-stores", "ide-own-store" },
	{ "vscode", "self", "/home/ann/.config/google-chrome/Default/Login Data", "browser-secrets", "ai-reads-personal-secret" },
	{ "vscode", "/usr/bin/ssh", "/home/ann/.ssh/id_rsa", "private-keys", "purpose-built" },
	/* outside every session: only what the tools leave behind */
	{ "-", "/usr/bin/cat", "/home/ann/shop/.env", "dotenv", NULL },
	{ "-", "/usr/bin/python3.11", "/home/ann/.aws/credentials", "cloud-credentials", NULL },
	{ "-", "/home/ann/shop/a.out", "/home/ann/.ssh/id_rsa", "private-keys", NULL },
	{ "-", "/usr/bin/cat", "/home/ann/.claude/history.jsonl", "agent-cache", NULL },
	{ "-", "/usr/bin/cat", "/home/ann/.claude/.credentials.json", "agent-tokens", "person-reads-ai-token" },
	{ "-", "/usr/bin/python3.11", "/home/ann/.codex/auth.json", "agent-tokens", "stranger-reads-ai-token" },
	{ "-", "/home/ann/shop/a.out", "/home/ann/.codex/auth.json", "agent-tokens", "stranger-reads-ai-token" },
	{ "-", "/home/ann/shop/a.out", "/home/ann/.claude/projects/-home-ann-shop/a.jsonl", "agent-cache", "stranger-reads-ai-cache" },
	{ "-", "/usr/bin/node x.js", "/home/ann/.claude/projects/-home-ann-shop/a.jsonl", "agent-cache", "script-reads-ai-cache" },
	{ "-", "/usr/bin/restic", "/home/ann/.claude/projects/-home-ann-shop/a.jsonl", "agent-cache", NULL },
	{ "-", "/usr/libexec/tracker-extract-3", "/home/ann/.codex/sessions/2026/11/23/rollout-1.jsonl", "agent-cache", NULL },
	{ "-", "/usr/bin/git", "/home/ann/shop/.aider.chat.history.md", "agent-project-files", NULL },
	{ "-", "/usr/bin/nautilus", "/home/ann/.claude/history.jsonl", "agent-cache", NULL },
	{ "-", "/usr/bin/sluice", "/home/ann/.claude/projects/-home-ann-shop/a.jsonl", "agent-cache", NULL },
};

static struct sl_decision judge_read(const struct shipped *s, const struct read_case *c, unsigned int *ret_set)
{
	unsigned int tool = shipped_tool(s, c->tool), mode = SL_MODE_CHILD, exe_set = 0;
	char who[512], *at = who;
	const char *argv[SL_ARG_WORDS + 30];
	size_t argc = 0;

	if (!strcmp(c->who, "self"))
		mode = SL_MODE_SELF;
	else if (!strcmp(c->who, "startup"))
		mode = SL_MODE_STARTUP;
	else
	{
		snprintf(who, sizeof(who), "%s", c->who);
		while (argc < ARRAY_SIZE(argv) && (argv[argc] = strsep(&at, " ")))
			argc++;
		exe_set = compiled_exec(s->compiled, argv[0], argv, argc).exe_set;
	}
	*ret_set = dfa_match(s->compiled->path, c->path, strlen(c->path));
	return compiled_file(s->compiled, tool, exe_set, mode, 1000, *ret_set);
}

/* Whether the set of the path holds the class; with class NULL: whether it holds none. Own stores do not count. */
static bool classes_hold(const struct shipped *s, unsigned int set, const char *class)
{
	const char *names[64];
	size_t cnt = compiled_classes(s->compiled, set, names, ARRAY_SIZE(names));
	bool any = false;

	assert_true(cnt <= ARRAY_SIZE(names));
	for (size_t i = 0; i < cnt; i++) {
		if (class && !strcmp(names[i], class))
			return true;
		if (strncmp(names[i], "own:", strlen("own:")) != 0)
			any = true;
	}
	return !class && !any;
}

static void test_reads(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		const struct read_case *c = &reads[i];
		unsigned int set;
		struct sl_decision d = judge_read(&shipped, c, &set);
		const struct policy_rule *rule = compiled_rule(shipped.compiled, d.rule);
		const char *got = rule ? rule->id : "nothing";

		if (!classes_hold(&shipped, set, c->class)) {
			print_error("%s: is not in class %s\n", c->path, c->class ? c->class : "(none)");
			wrong++;
		}
		if (strcmp(got, c->rule ? c->rule : "nothing")) {
			print_error("%s: %s in %s: %s, expected %s\n", c->path, c->who, c->tool, got,
				    c->rule ? c->rule : "nothing");
			wrong++;
		}
		if (rule && d.action != rule->action) {
			print_error("%s: action is not that of rule %s\n", c->path, rule->id);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* ---- sockets of daemons ------------------------------------------------------------------------------------------- */

static const struct broker_case {
	const char *path;     /* @NAME: abstract; >FILE: opened for writing */
	const char *broker;   /* NULL: none */
	const char *rule;     /* that decides on it for claude-code; NULL: none */
	bool units;           /* what a session asks for there is known again */
} sockets[] = {
	{ "/run/docker.sock", "docker", "work-handed-out", false },
	{ "/run/user/1000/docker.sock", "docker", "work-handed-out", false },
	{ "/home/ann/.docker/desktop/docker.sock", "docker", "work-handed-out", false },
	{ "/run/user/1000/podman/podman.sock", "podman", "work-handed-out", false },
	{ "/run/containerd/containerd.sock", "containerd", "work-handed-out", false },
	{ "/run/user/1000/systemd/private", "user-systemd", "work-handed-out", true },
	{ "/run/systemd/private", "systemd", "work-handed-out", true },
	{ "/run/systemd/journal/socket", NULL, NULL, false },
	{ "/run/systemd/notify", NULL, NULL, false },
	{ "/run/user/1000/bus", "user-bus", "desktop-or-bus", true },
	{ "@/tmp/dbus-8GhRkTq1", "user-bus", "desktop-or-bus", true },
	{ "/run/dbus/system_bus_socket", "system-bus", "desktop-or-bus", true },
	{ "/tmp/tmux-1000/default", "tmux", "work-handed-out", false },
	{ "/run/screen/S-ann/812.pts-3.host", "screen", "work-handed-out", false },
	{ "/run/user/1000/vscode-ipc-0c1f.sock", "vscode-ipc", "work-handed-out", false },
	{ "/run/user/1000/emacs/server", "editor-server", "work-handed-out", false },
	{ "/tmp/ssh-XXXXab12/agent.812", "ssh-agent", "key-agent", false },
	{ "/run/user/1000/keyring/ssh", "ssh-agent", "key-agent", false },
	{ "/run/user/1000/gnupg/S.gpg-agent.ssh", "ssh-agent", "key-agent", false },
	{ "/run/user/1000/gnupg/S.gpg-agent", "gpg-agent", "key-agent", false },
	{ "/run/user/1000/keyring/control", "keyring", "key-agent", false },
	{ "/tmp/.X11-unix/X0", "x11", "desktop-or-bus", false },
	{ "@/tmp/.X11-unix/X0", "x11", "desktop-or-bus", false },
	{ "/run/user/1000/wayland-0", "wayland", "desktop-or-bus", false },
	{ ">/var/spool/cron/crontabs/tmp.Xk3f9a", "cron", "work-scheduled", false },
	{ ">/var/spool/cron/ann", "cron", "work-scheduled", false },
	{ ">/etc/cron.d/backup", "cron", "work-scheduled", false },
	{ ">/etc/cron.daily/backup", "cron", "work-scheduled", false },
	{ ">/etc/crontab", "cron", "work-scheduled", false },
	{ ">/etc/anacrontab", "cron", "work-scheduled", false },
	{ ">/var/spool/cron/atjobs/a00001019f3c2a", "at", "work-scheduled", false },
	{ ">/var/spool/at/a00001019f3c2a", "at", "work-scheduled", false },
	{ ">/etc/systemd/system/backup.timer", "unit-files", "work-scheduled", false },
	{ ">/etc/systemd/system/ssh.service.d/override.conf", "unit-files", "work-scheduled", false },
	{ ">/usr/lib/systemd/system/backup.service", NULL, NULL, false },
	{ ">/etc/passwd", NULL, NULL, false },
	{ ">/home/ann/etc/cron.d/backup", NULL, NULL, false },
	{ ">/run/docker.sock", NULL, NULL, false },
	{ "/etc/crontab", NULL, NULL, false },
	{ "/run/user/1000/vscode-git-4b1f.sock", "vscode-ipc", "work-handed-out", false },
	{ "/tmp/vscode-ssh-auth-0c1f.sock", "vscode-ipc", "work-handed-out", false },
	{ "@kitty-812", "terminal", "work-handed-out", false },
	{ "@kitt", NULL, NULL, false },
	{ "@/tmp/.ICE-unix/812", NULL, NULL, false },
	{ "/run/user/1000/docker/containerd/containerd.sock", "containerd", "work-handed-out", false },
	{ "/run/user/1000/tmux-1000/default", "tmux", "work-handed-out", false },
	{ "/home/ann/.screen/812.pts-3.host", "screen", "work-handed-out", false },
	{ "/home/ann/.ssh/agent/s.Xk3f9a", "ssh-agent", "key-agent", false },
	{ "/home/ann/.gnupg/S.gpg-agent", "gpg-agent", "key-agent", false },
	{ "/run/user/1000/gnupg/d.x1y2/S.gpg-agent.extra", "gpg-agent", "key-agent", false },
	{ "/run/user/1000/wayland-0.lock", "wayland", "desktop-or-bus", false },
	{ "/var/lib/incus/unix.socket", "incus", "work-handed-out", false },
	{ "/run/libvirt/libvirt-sock", "libvirt", "work-handed-out", false },
	{ "/run/user/1000/zellij/0.41.2/shop", "zellij", "work-handed-out", false },
	{ "/tmp/kitty-812", "terminal", "work-handed-out", false },
	{ "/run/nscd/socket", NULL, NULL, false },
	{ "/run/postgresql/.s.PGSQL.5432", NULL, NULL, false },
	{ "/home/ann/shop/tmp/server.sock", NULL, NULL, false },
};

/* Whoever adds a broker adds where it is met. */
static void test_every_broker_has_an_address_here(void **state)
{
	(void)state;
	for (size_t i = 0; i < shipped.policy->brokers_cnt; i++) {
		const char *name = shipped.policy->brokers[i].name;
		bool found = false;

		for (size_t j = 0; j < ARRAY_SIZE(sockets); j++)
			found = found || (sockets[j].broker && !strcmp(sockets[j].broker, name));
		if (!found)
			fail_msg("no address of %s is tried", name);
	}
}

static void test_sockets(void **state)
{
	unsigned int tool = shipped_tool(&shipped, "claude-code"), wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		const struct broker_case *c = &sockets[i];
		const struct policy_broker *brokers[4];
		bool spool = c->path[0] == '>';
		char path[256];
		unsigned int set, object;
		const struct policy_rule *rule;
		size_t cnt;

		if (c->path[0] == '@')
			assert_true(compiled_abstract(c->path + 1, strlen(c->path + 1), path, sizeof(path)) > 0);
		else
			snprintf(path, sizeof(path), "%s", c->path + spool);
		set = dfa_match(shipped.compiled->sock, path, strlen(path));
		object = (spool ? shipped.compiled->spool_objects : shipped.compiled->peer_objects)[set];
		cnt = compiled_brokers(shipped.compiled, set, spool, brokers, ARRAY_SIZE(brokers));
		rule = object ? compiled_rule(shipped.compiled, compiled_peer(shipped.compiled, tool, 0, 1000, object).rule) : NULL;
		if (cnt != (c->broker != NULL) || (cnt && strcmp(brokers[0]->name, c->broker) != 0) ||
		    strcmp(rule ? rule->id : "-", c->rule ? c->rule : "-") != 0 ||
		    compiled_set_starts_units(shipped.compiled, set) != c->units) {
			print_error("%s: %s by %s, expected %s by %s\n", c->path, cnt ? brokers[0]->name : "none",
				    rule ? rule->id : "-", c->broker ? c->broker : "none", c->rule ? c->rule : "-");
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* enforce.yaml blocks where default.yaml alerts on a file in a session, editors and low confidence aside; no more. */
static void test_enforce_blocks_the_alerts(void **state)
{
	static const char *const blocked[] = { "token-printed", "token-by-program", "other-tools-token", "ai-reads-personal-secret",
					       "shell-reads-dotenv", "ai-reads-secret" };
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		const struct read_case *c = &reads[i];
		bool block = false;
		unsigned int set;
		uint8_t want = judge_read(&shipped, c, &set).action;

		for (size_t j = 0; c->rule && j < ARRAY_SIZE(blocked); j++)
			block = block || !strcmp(c->rule, blocked[j]);
		if (block)
			want = SL_ACTION_BLOCK;
		if (judge_read(&enforcing, c, &set).action != want) {
			print_error("enforce: %s: %s in %s: wrong action\n", c->path, c->who, c->tool);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(enforcing.policy->mode, POLICY_ENFORCE);
	assert_int_equal(shipped.policy->mode, POLICY_MONITOR);
	assert_int_equal(enforcing.policy->rules_cnt, shipped.policy->rules_cnt);
}

static bool strings_have(const struct policy_strings *l, const char *s)
{
	for (size_t i = 0; i < l->cnt; i++)
		if (!strcmp(l->v[i], s))
			return true;
	return false;
}

/* A class added to secrets.yaml as a secret must not be forgotten by the rules. */
static void test_every_secret_has_a_rule(void **state)
{
	const struct policy *p = shipped.policy;

	(void)state;
	for (size_t i = 0; i < p->secrets_cnt; i++) {
		bool alerts = false, named = false;

		for (size_t j = 0; j < p->rules_cnt; j++) {
			const struct policy_rule *r = &p->rules[j];

			if (r->object != POLICY_OBJECT_READ || r->scope != POLICY_TOOL_ANY || r->exe.cnt ||
			    !(r->readers >> SL_READER_GENERIC & 1) || !strings_have(&r->classes, p->secrets[i].name))
				continue;
			named = true;
			alerts = alerts || r->action == SL_ACTION_ALERT;
		}
		if (!named)
			fail_msg("no rule for what prints %s", p->secrets[i].name);
		if (!strcmp(p->secrets[i].confidence, "high") && !alerts)
			fail_msg("no alert for what prints %s", p->secrets[i].name);
		if (!strcmp(p->secrets[i].confidence, "low") && alerts)
			fail_msg("an alert for %s, whose names say little", p->secrets[i].name);
	}
}

/* A path that could not be resolved is reported for sessions, and for nobody else. */
static void test_unresolvable(void **state)
{
	struct sl_decision d;

	(void)state;
	d = compiled_file(shipped.compiled, shipped_tool(&shipped, "claude-code"), 0, SL_MODE_CHILD, 1000, SL_SET_UNRESOLVED);
	assert_int_equal(d.action, SL_ACTION_ALERT);
	assert_string_equal(compiled_rule(shipped.compiled, d.rule)->id, "unresolvable");
	d = compiled_file(shipped.compiled, 0, 0, SL_MODE_CHILD, 1000, SL_SET_UNRESOLVED);
	assert_int_equal(d.action, SL_ACTION_ALLOW);
	/* enforce.yaml refuses it. */
	d = compiled_file(enforcing.compiled, shipped_tool(&enforcing, "claude-code"), 0, SL_MODE_CHILD, 1000, SL_SET_UNRESOLVED);
	assert_int_equal(d.action, SL_ACTION_BLOCK);
	assert_string_equal(compiled_rule(enforcing.compiled, d.rule)->id, "unresolvable");
}

static const struct host_case {
	const char *host, *provider, *tier, *region;
} hosts[] = {
	{ "api.openai.com", "openai", "api", "" },
	{ "sg.api.openai.com", "openai", "api", "" },
	{ "codex-portals.api.openai.com", "openai", "api", "" },
	{ "eu.api.openai.com", "openai-eu", "api", "eu" },
	{ "us.api.openai.com", "openai-us", "api", "us" },
	{ "gov.chatgpt.com", "openai-us", "api", "us" },
	{ "chatgpt.com", "openai-chatgpt", "consumer", "" },
	{ "chat.openai.com", "openai-chatgpt", "consumer", "" },
	{ "sora.com", "openai-chatgpt", "consumer", "" },
	{ "ab.chatgpt.com", "openai-telemetry", "telemetry", "" },
	{ "files.oaiusercontent.com", "openai-telemetry", "telemetry", "" },
	{ "chatgpt-async-webps-prod-eastus-1.webpubsub.azure.com", "openai-telemetry", "telemetry", "" },
	{ "auth.openai.com", "openai-login", "auth", "" },
	{ "api.anthropic.com", "anthropic", "api", "" },
	{ "claude.googleapis.com", "anthropic", "api", "" },
	{ "claude.ai", "anthropic-consumer", "consumer", "" },
	{ "claude.com", "anthropic-consumer", "consumer", "" },
	{ "platform.claude.com", "anthropic-console", "auth", "" },
	{ "docs.claude.com", "anthropic-console", "auth", "" },
	{ "downloads.claude.ai", "anthropic-telemetry", "telemetry", "" },
	{ "bridge.claudeusercontent.com", "anthropic-telemetry", "telemetry", "" },
	{ "aws-external-anthropic.us-east-1.api.aws", "anthropic-aws", "api", "" },
	{ "generativelanguage.googleapis.com", "google-gemini", "api", "" },
	{ "aiplatform.googleapis.com", "google-vertex", "api", "" },
	{ "us-central1-aiplatform.googleapis.com", "google-vertex", "api", "" },
	{ "europe-west4-aiplatform.googleapis.com", "google-vertex-eu", "api", "eu" },
	{ "aiplatform.eu.rep.googleapis.com", "google-vertex-eu", "api", "eu" },
	{ "cloudcode-pa.googleapis.com", "google-code-assist", "ide-backend", "" },
	{ "daily-cloudcode-pa.googleapis.com", "google-code-assist", "ide-backend", "" },
	{ "gemini.google.com", "google-consumer", "consumer", "" },
	{ "oauth2.googleapis.com", "google-login", "auth", "" },
	{ "play.googleapis.com", "google-telemetry", "telemetry", "" },
	{ "bedrock-runtime.us-east-1.amazonaws.com", "aws-bedrock", "api", "" },
	{ "bedrock-runtime.eu-central-1.amazonaws.com", "aws-bedrock-eu", "api", "eu" },
	{ "bedrock-runtime.eusc-de-east-1.amazonaws.eu", "aws-bedrock-eu", "api", "eu" },
	{ "bedrock-mantle.us-west-2.api.aws", "aws-bedrock", "api", "" },
	{ "vpce-0a1b.bedrock-runtime.us-east-1.vpce.amazonaws.com", "aws-bedrock", "api", "" },
	{ "vpce-0a1b.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "aws-bedrock-eu", "api", "eu" },
	{ "shop.openai.azure.com", "azure-ai", "api", "" },
	{ "shop.services.ai.azure.com", "azure-ai", "api", "" },
	{ "copilot.microsoft.com", "microsoft-copilot", "consumer", "" },
	{ "api.mistral.ai", "mistral", "api", "eu" },
	{ "chat.mistral.ai", "mistral-consumer", "consumer", "eu" },
	{ "chat.groq.com", "groq-consumer", "consumer", "" },
	{ "console.groq.com", NULL, NULL, NULL },
	{ "api.cohere.com", "cohere", "api", "" },
	{ "api.x.ai", "xai", "api", "" },
	{ "grok.com", "xai-consumer", "consumer", "" },
	{ "api.deepseek.com", "deepseek", "api", "cn" },
	{ "chat.deepseek.com", "deepseek-consumer", "consumer", "cn" },
	{ "api.perplexity.ai", "perplexity", "api", "" },
	{ "dashscope.aliyuncs.com", "qwen", "api", "cn" },
	{ "dashscope-intl.aliyuncs.com", "qwen-intl", "api", "sg" },
	{ "chat.qwen.ai", "qwen-consumer", "consumer", "cn" },
	{ "api.moonshot.ai", "moonshot", "api", "cn" },
	{ "api.z.ai", "zai", "api", "cn" },
	{ "api.groq.com", "groq", "api", "" },
	{ "router.huggingface.co", "huggingface", "api", "" },
	{ "shop-demo.hf.space", "huggingface", "api", "" },
	{ "api.scaleway.ai", "scaleway", "api", "eu" },
	{ "oai.endpoints.kepler.ai.cloud.ovh.net", "ovhcloud", "api", "eu" },
	{ "inference.hetzner.com", "hetzner", "api", "eu" },
	{ "api.infomaniak.com", "infomaniak", "api", "ch" },
	{ "openrouter.ai", "openrouter", "aggregator", "" },
	{ "eu.openrouter.ai", "openrouter-eu", "aggregator", "eu" },
	{ "gateway.ai.cloudflare.com", "cloudflare-gateway", "aggregator", "" },
	{ "ai-gateway.vercel.sh", "vercel-gateway", "aggregator", "" },
	{ "opencode.ai", "opencode-zen", "aggregator", "" },
	{ "api.cline.bot", "cline", "aggregator", "" },
	{ "api.githubcopilot.com", "github-copilot", "ide-backend", "" },
	{ "api.individual.githubcopilot.com", "github-copilot-individual", "ide-backend", "" },
	{ "api.business.githubcopilot.com", "github-copilot-business", "ide-backend", "" },
	{ "proxy.enterprise.githubcopilot.com", "github-copilot-business", "ide-backend", "" },
	{ "copilot-proxy.example.ghe.com", "github-copilot-residency", "ide-backend", "" },
	{ "copilot-proxy.githubusercontent.com", "github-copilot", "ide-backend", "" },
	{ "telemetry.business.githubcopilot.com", "github-copilot-telemetry", "telemetry", "" },
	{ "collector.github.com", "github-copilot-telemetry", "telemetry", "" },
	{ "api.github.com", "github", "dev", "" },
	{ "raw.githubusercontent.com", "github", "dev", "" },
	{ "api2.cursor.sh", "cursor", "ide-backend", "" },
	{ "server.codeium.com", "windsurf", "ide-backend", "" },
	{ "server.self-serve.windsurf.com", "windsurf", "ide-backend", "" },
	{ "api.jetbrains.ai", "jetbrains-ai", "ide-backend", "" },
	{ "codewhisperer.us-east-1.amazonaws.com", "amazon-q", "ide-backend", "" },
	{ "q.eu-central-1.amazonaws.com", "amazon-q", "ide-backend", "" },
	{ "prod.download.cli.kiro.dev", "amazon-q-telemetry", "telemetry", "" },
	{ "otel.cline.bot", "cline-telemetry", "telemetry", "" },
	{ "ampcode.com", "amp", "ide-backend", "" },
	{ "example.com", NULL, NULL, NULL },
	{ "api.openai.com.example.com", NULL, NULL, NULL },
	{ "notopenai.com", NULL, NULL, NULL },
	{ "evilapi.openai.com.example.net", NULL, NULL, NULL },
	{ "bedrock-runtime.us-east-1.evil.amazonaws.com", "aws", "cloud", "" },
	{ "bedrock-runtime.amazonaws.com", "aws", "cloud", "" },
	{ "s3.amazonaws.com", "aws", "cloud", "" },
	{ "storage.googleapis.com", "google-cloud", "cloud", "" },
	{ "registry.npmjs.org", "npm", "registry", "" },
	{ "files.pythonhosted.org", "pypi", "registry", "" },
	{ "static.crates.io", "crates", "registry", "" },
	{ "proxy.golang.org", "go-modules", "registry", "" },
	{ "repo.maven.apache.org", "java-registries", "registry", "" },
	{ "deb.debian.org", "distributions", "registry", "" },
	{ "registry-1.docker.io", "container-registries", "registry", "" },
	{ "objects.githubusercontent.com", "github", "dev", "" },
	{ "o1.ingest.sentry.io", "error-trackers", "error-tracker", "" },
	{ "registry.npmjs.org.evil.example", NULL, NULL, NULL },
	{ "huggingface.co", NULL, NULL, NULL },
	{ "x.com", NULL, NULL, NULL },
	{ "localhost", NULL, NULL, NULL },
};

static void test_hosts(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		const struct host_case *c = &hosts[i];
		struct compiled_dest dest = { .family = 4, .addr = { 192, 0, 2, 1 }, .port = 443, .names = &c->host,
					      .names_cnt = 1 };
		const struct policy_provider *p = compiled_provider(shipped.compiled, &dest).provider;
		const char *got = p ? p->name : "(unknown)";

		if (strcmp(got, c->provider ? c->provider : "(unknown)")) {
			print_error("%s: is of %s, expected %s\n", c->host, got, c->provider ? c->provider : "(unknown)");
			wrong++;
		} else if (p && (strcmp(p->tier, c->tier) || strcmp(p->region, c->region))) {
			print_error("%s: tier %s, region \"%s\"; expected %s, \"%s\"\n", c->host, p->tier, p->region,
				    c->tier, c->region);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static const struct connect_case {
	const char *tool, *exe;
	const char *host;  /* NULL: no name is known */
	const char *addr;
	uint16_t port;
	const char *rule;
} connects[] = {
	/* to its own vendor */
	{ "claude-code", "/home/ann/.local/share/claude/versions/2.1.330", "api.anthropic.com", "160.79.104.10", 443, "own-provider" },
	{ "claude-code", "/home/ann/.local/share/claude/versions/2.1.330", "claude.ai", "160.79.104.10", 443, "own-provider" },
	{ "claude-code", "/home/ann/.local/share/claude/versions/2.1.330", NULL, "160.79.105.20", 443, "own-provider" },
	{ "claude-code", "/home/ann/.local/share/claude/versions/2.1.330", NULL, "2607:6bc0::10", 443, "own-provider" },
	{ "claude-code", "/home/ann/.local/share/claude/versions/2.1.330", "bedrock-runtime.eu-west-1.amazonaws.com", "192.0.2.1", 443, "own-provider" },
	{ "codex", "/usr/local/bin/codex", "chatgpt.com", "192.0.2.1", 443, "own-provider" },
	{ "gemini-cli", "/usr/bin/node", "generativelanguage.googleapis.com", "192.0.2.1", 443, "own-provider" },
	{ "copilot-cli", "/home/ann/.local/bin/copilot", "api.business.githubcopilot.com", "192.0.2.1", 443, "own-provider" },
	/* somebody set the base URL */
	{ "claude-code", "/home/ann/.local/share/claude/versions/2.1.330", "api.z.ai", "192.0.2.1", 443, "base-url-moved" },
	{ "claude-code", "/home/ann/.local/share/claude/versions/2.1.330", "openrouter.ai", "192.0.2.1", 443, "base-url-moved" },
	{ "codex", "/usr/local/bin/codex", "api.deepseek.com", "192.0.2.1", 443, "base-url-moved" },
	{ "claude-code", "/home/ann/.local/share/claude/versions/2.1.330", "llm.stranger.example", "203.0.113.7", 443, "base-url-stranger" },
	{ "claude-code", "/home/ann/.local/share/claude/versions/2.1.330", NULL, "203.0.113.7", 8443, "base-url-stranger" },
	{ "codex", "/usr/local/bin/codex", NULL, "10.1.2.3", 4000, "base-url-stranger" },
	{ "claude-code", "/usr/bin/curl", "llm.stranger.example", "203.0.113.7", 443, "unknown-host" },
	{ "opencode", "/home/ann/.opencode/bin/opencode", "llm.stranger.example", "203.0.113.7", 443, "unknown-host" },
	/* the user's own program in the session, and tools made for many vendors */
	{ "claude-code", "/usr/bin/python3.11", "api.openai.com", "192.0.2.1", 443, "other-provider" },
	{ "opencode", "/home/ann/.opencode/bin/opencode", "api.groq.com", "192.0.2.1", 443, "other-provider" },
	{ "opencode", "/home/ann/.opencode/bin/opencode", "openrouter.ai", "192.0.2.1", 443, "aggregator" },
	/* personal accounts, but not the sign-in in a browser */
	{ "opencode", "/usr/bin/curl", "chatgpt.com", "192.0.2.1", 443, "consumer-tier" },
	{ "vscode", "/usr/share/code/code", "claude.ai", "192.0.2.1", 443, "consumer-tier" },
	{ "codex", "/opt/google/chrome/chrome", "gemini.google.com", "192.0.2.1", 443, "any-host" },
	{ "codex", "/usr/lib/firefox/firefox", "claude.ai", "192.0.2.1", 443, "any-host" },
	/* this machine */
	{ "aider", "/usr/bin/python3.11", NULL, "127.0.0.1", 11434, "local-model" },
	{ "crush", "/usr/bin/crush", NULL, "::1", 1234, "local-model" },
	{ "claude-code", "/usr/bin/node", NULL, "127.0.0.1", 5432, "loopback" },
	{ "claude-code", "/usr/bin/node", NULL, "::1", 3000, "loopback" },
	{ "claude-code", "/usr/bin/node", NULL, "127.0.0.53", 53, "dns" },
	{ "codex", "/usr/local/bin/codex", NULL, "10.0.0.53", 53, "dns" },
	{ "codex", "/usr/local/bin/codex", NULL, "203.0.113.53", 53, "unknown-host" },
	/* resolvers that hide names, by name, by address, by any of their ports; at port 53 they hide nothing */
	{ "claude-code", "/usr/bin/curl", "cloudflare-dns.com", "104.16.248.249", 443, "name-hidden" },
	{ "claude-code", "/usr/bin/node", NULL, "1.1.1.1", 443, "name-hidden" },
	{ "codex", "/usr/bin/python3.11", NULL, "2001:4860:4860::8844", 853, "name-hidden" },
	{ "codex", "/usr/bin/python3.11", "ab12cd.dns.nextdns.io", "192.0.2.1", 443, "name-hidden" },
	{ "codex", "/usr/bin/python3.11", "dns11.quad9.net", "192.0.2.1", 853, "name-hidden" },
	{ "codex", "/usr/bin/python3.11", "www.quad9.net", "192.0.2.1", 443, "unknown-host" },
	{ "codex", "/usr/bin/python3.11", NULL, "8.8.8.8", 53, "unknown-host" },
	{ "codex", "/usr/bin/python3.11", NULL, "8.8.8.8", 80, "unknown-host" },
	{ "codex", "/usr/bin/python3.11", NULL, "1.1.2.1", 443, "unknown-host" },
	/* everything else is kept for the record */
	{ "claude-code", "/usr/bin/git", "github.com", "192.0.2.1", 443, "any-host" },
	{ "claude-code", "/usr/bin/node", "registry.example.com", "192.0.2.1", 443, "unknown-host" },
	{ "claude-code", "/usr/bin/curl", NULL, "203.0.113.7", 443, "unknown-host" },
	{ "claude-code", "/usr/bin/curl", NULL, "160.79.106.1", 443, "unknown-host" },
	{ "claude-code", "/usr/bin/psql", NULL, "10.1.2.3", 5432, "private-network" },
	/* outside every session */
	{ "-", "/opt/google/chrome/chrome", "chatgpt.com", "192.0.2.1", 443, NULL },
	{ "-", "/usr/bin/curl", "api.anthropic.com", "160.79.104.10", 443, NULL },
};

/* Id of the rule that decides; "nothing" for none. Questions to port 53 are datagrams. */
static const char *rule_for(const struct shipped *s, const struct connect_case *c)
{
	struct compiled_dest dest = { .port = c->port, .names = &c->host, .names_cnt = c->host ? 1 : 0 };
	const char *argv[] = { "x" };
	const struct policy_rule *rule;
	struct sl_decision d;

	dest.kind = c->port == 53 ? SL_NET_DATAGRAM : SL_NET_STREAM;
	dest.family = strchr(c->addr, ':') ? 6 : 4;
	assert_int_equal(inet_pton(dest.family == 6 ? AF_INET6 : AF_INET, c->addr, dest.addr), 1);
	d = compiled_connect(s->compiled, shipped_tool(s, c->tool), compiled_exec(s->compiled, c->exe, argv, 1).exe_set, 1000, &dest);
	rule = compiled_rule(s->compiled, d.rule);
	return rule ? rule->id : "nothing";
}

/* A policy that demands a region, as policies/README.md has it. */
static void test_regions(void **state)
{
	static const char text[] =
		"version: 1\n"
		"include: [default.yaml]\n"
		"rules:\n"
		"  - {id: eu-only, before: own-provider, tool: any, connect: {tier: [consumer, api, aggregator, ide-backend], not-region: eu},\n"
		"     action: alert}\n";
	static const struct connect_case cases[] = {
		{ "codex", "/usr/local/bin/codex", "api.openai.com", "192.0.2.1", 443, "eu-only" },
		{ "codex", "/usr/local/bin/codex", "us.api.openai.com", "192.0.2.1", 443, "eu-only" },
		{ "codex", "/usr/local/bin/codex", "eu.api.openai.com", "192.0.2.1", 443, "own-provider" },
		{ "codex", "/usr/local/bin/codex", "chatgpt.com", "192.0.2.1", 443, "eu-only" },
		{ "claude-code", "/home/ann/.local/bin/claude", "api.anthropic.com", "160.79.104.10", 443, "eu-only" },
		{ "claude-code", "/home/ann/.local/bin/claude", NULL, "160.79.104.10", 443, "eu-only" },
		{ "claude-code", "/home/ann/.local/bin/claude", "bedrock-runtime.us-east-1.amazonaws.com", "192.0.2.1", 443, "eu-only" },
		{ "claude-code", "/home/ann/.local/bin/claude", "bedrock-runtime.eu-central-1.amazonaws.com", "192.0.2.1", 443, "own-provider" },
		{ "claude-code", "/usr/bin/python3.11", "openrouter.ai", "192.0.2.1", 443, "eu-only" },
		{ "claude-code", "/usr/bin/python3.11", "eu.openrouter.ai", "192.0.2.1", 443, "aggregator" },
		{ "claude-code", "/usr/bin/python3.11", "api.mistral.ai", "192.0.2.1", 443, "other-provider" },
		{ "claude-code", "/usr/bin/git", "github.com", "192.0.2.1", 443, "any-host" },
	};
	struct shipped s;
	char path[] = "/tmp/sluice-lists-XXXXXX";
	int fd = mkstemp(path);
	unsigned int wrong = 0;

	(void)state;
	assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
	close(fd);
	shipped_init_file(&s, path);
	unlink(path);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = rule_for(&s, &cases[i]);

		if (strcmp(got, cases[i].rule) != 0) {
			print_error("%s to %s: %s, expected %s\n", cases[i].tool, cases[i].host ? cases[i].host : cases[i].addr, got,
				    cases[i].rule);
			wrong++;
		}
	}
	shipped_done(&s);
	assert_int_equal(wrong, 0);
}

static void test_connects(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(connects); i++) {
		const struct connect_case *c = &connects[i];
		const char *got = rule_for(&shipped, c);

		if (strcmp(got, c->rule ? c->rule : "nothing")) {
			print_error("%s: %s to %s port %u: %s, expected %s\n", c->tool, c->exe, c->host ? c->host : c->addr,
				    c->port, got, c->rule ? c->rule : "nothing");
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* The kernel keeps the tables locked in memory; a pattern that multiplies them should be noticed when it is added. */
static void test_tables_stay_small(void **state)
{
	const struct compiled *c = shipped.compiled;

	(void)state;
	print_message("paths: %zu bytes, %u sets; exec: %zu bytes, %u sets; names: %zu bytes, %u sets\n",
		      dfa_table_size(c->path), c->path->info.sets, dfa_table_size(c->exec), c->exec->info.sets,
		      hosts_table_size(c->name), c->name->info.sets);
	print_message("subjects: %u rows of %u tools, %u executable sets; decisions: %zu bytes\n", c->rows_cnt,
		      c->tools_cnt, c->exe_sets_cnt, compiled_decisions_size(c));
	assert_true(dfa_table_size(c->path) < 8u << 20); /* what the kernel pads it to */
	assert_true(dfa_table_size(c->exec) < 8u << 20);
	assert_true(hosts_table_size(c->name) < 128u << 10);
	assert_true(compiled_decisions_size(c) < 8u << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_every_broker_has_an_address_here),
		cmocka_unit_test(test_enforce_blocks_the_alerts),
		cmocka_unit_test(test_every_secret_has_a_rule),
		cmocka_unit_test(test_unresolvable),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_connects),
		cmocka_unit_test(test_regions),
		cmocka_unit_test(test_tables_stay_small),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
