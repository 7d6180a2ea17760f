#!/bin/sh
# Installs the Debian programs that the tests talk to, where that is possible; elsewhere those tests say that they were skipped.
set -eu
missing=""
command -v postfix >/dev/null 2>&1 || [ -x /usr/sbin/postfix ] || missing="$missing postfix"
for program in swaks mutt neomutt s-nail nmap openssl gcc shellcheck; do  # each is a package of the same name
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
[ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"
command -v systemd-analyze >/dev/null 2>&1 || missing="$missing systemd"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -x /usr/sbin/pgbouncer ] || missing="$missing pgbouncer"
[ -x /usr/sbin/haproxy ] || missing="$missing haproxy"
perl -MNet::SSLeay -e1 2>/dev/null || missing="$missing libnet-ssleay-perl"  # swaks needs it for TLS
[ -x /usr/bin/chromium ] || missing="$missing chromium"
command -v npm >/dev/null 2>&1 || missing="$missing nodejs npm"
if [ -z "$missing" ]; then
    :
elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of names
    apt-get install -qq -y --no-install-recommends $missing >/dev/null
else
    echo "not installed, tests that need them are skipped:$missing" >&2
fi
# Mail servers that exclude Postfix as packages are only unpacked, beside the libraries that they need.
peers="$(dirname "$0")/../.peers"
if [ -x "$peers/usr/sbin/exim4" ] && [ -x "$peers/usr/sbin/smtpd" ]; then
    :
elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    unpack="$(mktemp -d)"
    chmod 755 "$unpack"  # apt-get downloads as a user of its own
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends libdb5.3 libevent-2.1-7 libgnutls-dane0 libidn12 libnsl2 \
        libpcre2-8-0 >/dev/null
    (cd "$unpack" && apt-get download -qq exim4-daemon-light opensmtpd 2>/dev/null)
    for package in "$unpack"/*.deb; do
        dpkg -x "$package" "$peers"
    done
    rm -r "$unpack"
else
    echo "not unpacked, tests that need them are skipped: exim4-daemon-light opensmtpd" >&2
fi
# What looks at the pages for people who see or hear them otherwise; from npm, since Debian has none.
axe="$(dirname "$0")/../.axe"
if [ ! -d "$axe/node_modules/axe-core" ] && command -v npm >/dev/null 2>&1; then
    npm install --silent --no-audit --no-fund --prefix "$axe" axe-core@4.14.1 ||
        echo "axe-core can't be had from npm, its tests are skipped" >&2
fi
# Prometheus's own programs check the alerts and the dashboard. Only they are taken out of the package: nothing is started.
prometheus="$(dirname "$0")/../.prometheus"
if [ ! -x "$prometheus/promtool" ] && ! command -v promtool >/dev/null 2>&1; then
    mkdir -p "$prometheus"
    if (cd "$prometheus" && apt-get download -qq prometheus && dpkg -x prometheus_*.deb unpacked) >/dev/null 2>&1; then
        mv "$prometheus"/unpacked/usr/bin/prometheus "$prometheus"/unpacked/usr/bin/promtool "$prometheus"
    else
        echo "promtool can't be had, tests of the alerts are skipped" >&2
    fi
    rm -rf "$prometheus"/unpacked "$prometheus"/*.deb
fi
