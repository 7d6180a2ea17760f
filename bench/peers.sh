#!/bin/sh
# Installs the servers that `make bench` sets the gateway beside, by name: from Debian, and Haraka from npm into .bench/haraka.
set -eu
cd "$(dirname "$0")/.."
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    missing=""
    [ -x /usr/sbin/postfix ] || missing="$missing postfix"
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
    command -v gcc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
    command -v npm >/dev/null 2>&1 || missing="$missing nodejs npm"
    if [ -n "$missing" ]; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        # shellcheck disable=SC2086  # a list of names
        apt-get install -qq -y --no-install-recommends $missing >/dev/null
    fi
fi
# Of a day on which Haraka and all that it needs fit together: it pins little, and some of it has moved on.
mkdir -p .bench/haraka
cd .bench/haraka
[ -f package.json ] || echo '{"private": true}' >package.json
npm install --before=2026-06-01 --no-audit --no-fund --omit=dev --omit=optional Haraka@3.1.7
