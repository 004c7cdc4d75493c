#!/usr/bin/env bash
# Runs the live source's tests on other kernels, under QEMU: `kernels.sh VERSION...`, where a version is the beginning of
# one, such as `6.1` or `7`. What they print is shown; the first kernel on which one fails ends it.
set -euo pipefail

CACHE="${LANNER_CACHE:-$HOME/.cache/lanner}/kernels"
TESTS=(live container_users)
# What the tests run, besides themselves.
TOOLS=(sh true false cat cp echo env ls mkdir mount rm sleep touch setpriv unshare)
MODULES=(overlay fuse)
MEMORY=1536
# Seconds that all of it may take on one kernel.
LIMIT=900

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'kernels: %s\n' "$*" >&2; exit 1; }

# Debian's releases with their kernels, whatever release this machine is.
apt() {
    local key=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$CACHE/lists/partial" "$CACHE/archives/partial"
    for suite in bullseye bookworm bookworm-backports trixie trixie-backports; do
        echo "deb [arch=amd64 signed-by=$key] http://deb.debian.org/debian $suite main"
    done >"$CACHE/sources.list"
    "$1" -o Dir::Etc::SourceList="$CACHE/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$CACHE/lists" -o Dir::Cache="$CACHE" -o APT::Sandbox::User=root "${@:2}"
}

# The newest kernel of a version, unpacked: its folder.
kernel() {
    local version="$1" folder="$CACHE/$1" package packages
    if [ ! -e "$folder/complete" ]; then
        apt apt-get update -qq >&2
        package="$(apt apt-cache search --names-only "^linux-image-${version//./\\.}[.][0-9.]+.*cloud-amd64\$" |
            cut -d' ' -f1 | sort -V | tail -1)"
        [ -n "$package" ] || fail "Debian has no kernel $version"
        say "Fetching $package"
        # Of newer ones it has only the names of the packages that hold the kernel and its modules.
        packages="$(apt apt-cache depends "$package" | sed -n 's/^ *Depends: \(linux-\(binary\|modules\)-.*\)/\1/p')"
        rm -rf "$folder" && mkdir -p "$folder"
        (cd "$folder" && apt apt-get download -qq "$package" $packages >&2 &&
            for deb in ./*.deb; do dpkg-deb -x "$deb" . && rm "$deb"; done)
        touch "$folder/complete"
    fi
    echo "$folder"
}

# A program with its libraries, in a root, under a name.
add() {
    local root="$1" from
    from="$(readlink -f "$2")"
    cp "$from" "$root/$3"
    { ldd "$from" 2>/dev/null || true; } | { grep -o '/[^ ]*' || true; } | while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        cp -nL "$library" "$root$library"
    done
}

# The root that the kernel starts with.
root() {
    local kernel="$1" root="$2"
    mkdir -p "$root"/{bin,dev,proc,sys,tmp,etc,root,run,usr,tests,modules,lib64}
    for tool in "${TOOLS[@]}"; do
        add "$root" "$(type -P "$tool")" "bin/$tool"
    done
    cp /bin/busybox "$root/bin/busybox"
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\n' >"$root/etc/group"
    printf 'root:*:1::::::\n' >"$root/etc/shadow"
    for program in "${PROGRAMS[@]}"; do
        add "$root" "$program" "tests/$(basename "$program")"
    done
    for module in "${MODULES[@]}"; do
        find "$kernel" -name "$module.ko*" -exec cp {} "$root/modules/" \;
    done
    find "$root/modules" -name '*.xz' -exec xz -d {} +
    cat >"$root/init" <<'INIT'
#!/bin/sh
export PATH=/bin HOME=/root CI=true RUST_BACKTRACE=0
bb=/bin/busybox
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tmpfs none /tmp
mount -t cgroup2 none /sys/fs/cgroup
for module in /modules/*.ko; do [ -e "$module" ] && $bb insmod "$module"; done
$bb ip link set lo up
echo "kernel $($bb uname -r)"
status=0
for test in /tests/*; do
    echo "running $test"
    cd /tmp && "$test" --test-threads=1 || status=1
done
echo "ended with $status"
$bb poweroff -f
INIT
    chmod +x "$root/init"
}

run() {
    local version="$1" folder work
    folder="$(kernel "$version")"
    work="$(mktemp -d)"
    root "$folder" "$work/root"
    (cd "$work/root" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initrd"
    say "Linux $version"
    timeout "$LIMIT" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 1 -m "$MEMORY" -nographic -no-reboot \
        -kernel "$(find "$folder" -name 'vmlinuz*' -type f | head -1)" -initrd "$work/initrd" \
        -append "console=ttyS0 quiet lsm=lockdown,bpf panic=-1 mitigations=off tsc=reliable" </dev/null |
        sed -u 's/\r//g' | tee "$work/log" || true
    grep -q '^ended with 0$' "$work/log" || fail "the tests failed on Linux $version"
    rm -rf "$work"
}

# The tests, as programs. All of the workspace is selected, as fewer packages would have their dependencies built again.
mapfile -t PROGRAMS < <(cargo test --workspace "${TESTS[@]/#/--test=}" --no-run --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | grep -E "/deps/($(IFS='|'; echo "${TESTS[*]}"))-")
[ "${#PROGRAMS[@]}" -eq "${#TESTS[@]}" ] || fail "of the tests ${TESTS[*]} there are: ${PROGRAMS[*]}"
for version in "$@"; do
    run "$version"
done
