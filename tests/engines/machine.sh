#!/bin/bash
# A Debian machine with its own systemd, in namespaces: nothing outside is touched. Debian 13 has Docker, Compose, Podman
# and HAProxy, too; Debian 12 is there for its older systemd.
#   machine.sh make W SUITE            debootstrap its root into the folder W, once (minutes)
#   machine.sh boot W                  boot it; its address is 10.78.0.2, this machine's 10.78.0.1
#   machine.sh on W COMMAND…           run a command inside
#   machine.sh image W TAG FOLDER      build an image inside, for Docker and Podman, from FOLDER's Dockerfile
#   machine.sh stop W                  power it off
set -eu
do=$1 W=$(realpath -m "$2") R=$(realpath -m "$2")/root
shift 2
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

inside() {
    nsenter -t "$(pgrep -P "$(cat "$W/pid")" | head -1)" -m -p -u -i -n -C -r -w env -i HOME=/root TERM=dumb "PATH=$PATH" "$@"
}

packages=systemd,systemd-sysv,dbus,iproute2,iptables,kmod,procps,runc,containernetworking-plugins,socat,busybox-static
engines=nftables,curl,ca-certificates,docker.io,docker-cli,docker-compose,podman,netavark,aardvark-dns,uidmap,crun,haproxy
engines=$engines,git,jq,gettext-base,bc,openssl,pigz,xz-utils,python3,python3-pip

case $do in
make)
    mkdir -p "$W"
    [ "$1" = bookworm ] || packages=$packages,$engines
    debootstrap --variant=minbase --include="$packages" "$1" "$R"
    rm -rf "$R"/var/cache/apt/* "$R"/var/lib/apt/lists/*
    mkdir -p "$R/etc/containers" "$R/usr/libexec" "$R/shared"
    ln -sfn ../lib/cni "$R/usr/libexec/cni"
    printf '[containers]\npids_limit=0\n' > "$R/etc/containers/containers.conf" # such a machine may have no pids controller
    for each in bridge loopback host-local firewall; do ln -sf "/usr/lib/cni/$each" "$R/usr/local/bin/buildkit-cni-$each"; done
    tar -C "$R" --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -cf "$W/base.tar" .
    ;;
boot)
    group=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/certkit-engines-$$
    mkdir -p "$group"
    echo "$group" > "$W/group"
    setsid bash -euc 'echo $$ > '"$group"'/cgroup.procs
        exec unshare -n -m -p -f -u -i -C --propagation slave bash -euc '"'"'
            R=$1/root
            mount --bind $R $R
            mount -t proc proc $R/proc; mount -t sysfs sysfs $R/sys; mount -t cgroup2 cgroup2 $R/sys/fs/cgroup
            mount --rbind /dev $R/dev; mount -t tmpfs tmpfs $R/run; mount -t tmpfs tmpfs $R/tmp
            for unit in systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
                systemd-modules-load.service systemd-networkd.service systemd-resolved.service systemd-timesyncd.service \
                getty.target proc-sys-fs-binfmt_misc.automount; do
                ln -sfn /dev/null $R/etc/systemd/system/$unit
            done
            ln -sfn /lib/systemd/system/multi-user.target $R/etc/systemd/system/default.target
            hostname build; ip link set lo up
            cd $R; mkdir -p .old; pivot_root . .old; umount -l /.old; mount --make-rshared /
            exec env -i container=engine PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
                /lib/systemd/systemd --log-target=console --show-status=0'"'"' engine "$1"' x "$W" > "$W/boot.log" 2>&1 < /dev/null &
    echo $! > "$W/pid"
    for _ in $(seq 200); do # it has its root when systemd runs
        init=$(pgrep -P "$(cat "$W/pid")" | head -1) && [ "$(cat "/proc/$init/comm")" = systemd ] && break || sleep 0.1
    done
    ip link add eng0 type veth peer name eth0 netns "$init"
    ip addr add 10.78.0.1/24 dev eng0
    ip link set eng0 up
    inside sh -c 'ip addr add 10.78.0.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.78.0.1
        is_up() { if command -v docker; then docker version; else systemctl is-active multi-user.target; fi; }
        for i in $(seq 150); do is_up > /dev/null 2>&1 && exit 0; sleep 0.2; done
        echo "it did not start" >&2; exit 1'
    inside iptables -P FORWARD ACCEPT
    ;;
on) inside "$@" ;;
image)
    tag=$1
    inside docker image inspect engine-base > /dev/null 2>&1 || inside docker import - engine-base < "$W/base.tar" > /dev/null
    rm -rf "$R/var/tmp/context"
    cp -r "$2" "$R/var/tmp/context"
    inside env DOCKER_BUILDKIT=0 docker build -q -t "$tag" /var/tmp/context/ 2> /dev/null
    inside sh -c "docker save $tag | podman load -q"
    ;;
stop)
    init=$(pgrep -P "$(cat "$W/pid")" | head -1)
    inside systemctl poweroff 2> /dev/null || true
    for _ in $(seq 200); do kill -0 "$init" 2> /dev/null || break; sleep 0.1; done
    kill -9 "$init" 2> /dev/null || true
    ip link del eng0 2> /dev/null || true
    for _ in $(seq 20); do find "$(cat "$W/group")" -depth -type d -exec rmdir {} + 2> /dev/null && break || sleep 0.1; done
    ;;
esac
