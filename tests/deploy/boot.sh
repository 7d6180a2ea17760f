#!/bin/bash
# Boots systemd as process 1 of namespaces of its own: boot.sh ROOT PYTHON SITE_PACKAGES
# It sees this machine's files, but for its own /etc, /run, /opt, /var and network, and no unit but those in /etc.
# Exit code 77: it can't be done here. Needs root.
set -u
root=$1 python=$2 packages=$3

if [ "${4:-}" != inside ]; then
    for top in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do # a group of its own in each hierarchy
        [ -e $top/cgroup.procs ] || continue
        mkdir -p "$top/bcc-gateway-test" && echo $$ >"$top/bcc-gateway-test/cgroup.procs" || exit 77
    done
    exec unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child "$0" "$root" "$python" "$packages" inside
fi

can() { "$@" || exit 77; }
own() { # a folder that is written over this machine's, in memory
    mkdir -p "/run/over/$1/up" "/run/over/$1/work"
    can mount -t overlay overlay -o "lowerdir=$2,upperdir=/run/over/$1/up,workdir=/run/over/$1/work" "$3"
}

can mount --make-rprivate /
can mount -t proc proc /proc
awk '$2 ~ "^/sys/fs/cgroup" { print $2 }' /proc/mounts | sort -r | while read -r mounted; do umount "$mounted"; done
can mount -t cgroup2 cgroup2 /sys/fs/cgroup
can ip link set lo up
can mount -t tmpfs -o mode=755 tmpfs /run
own etc /etc /etc
rm -rf /etc/systemd/system/* /etc/machine-id
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
own local /usr/local/bin /usr/local/bin
can mount -t tmpfs -o mode=755 tmpfs /var/lib
can mount -t tmpfs -o mode=755 tmpfs /var/backups

mkdir /run/units
for target in basic final multi-user network-online shutdown sysinit umount; do
    printf '[Unit]\nDefaultDependencies=no\n' >"/run/units/$target.target"
done
can mount --bind /run/units /lib/systemd/system

# The environment that docs/install.md makes in /opt, from the one of these tests: its places may be out of the unit's reach.
can mount -t tmpfs -o mode=755 tmpfs /opt
mkdir -p /opt/python
can mount --bind "$python" /opt/python
can /opt/python/bin/python3 -m venv --without-pip /opt/bcc-gateway
for site in /opt/bcc-gateway/lib/python3.*/site-packages; do
    own site "$packages" "$site"
    cp -r "$root/gateway" "$root/storage" "$root/config" "$site"
done
cat >/opt/bcc-gateway/bin/bcc-gateway <<'EOF'
#!/opt/bcc-gateway/bin/python3
from gateway.cli import main
main(prog_name="bcc-gateway")
EOF
chmod +x /opt/bcc-gateway/bin/bcc-gateway

can mount --make-rshared / # as it is where systemd has booted a machine
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=lxc SYSTEMD_GENERATOR_PATH=/run/none \
    /lib/systemd/systemd --system --unit=basic.target --log-target=console --show-status=no
