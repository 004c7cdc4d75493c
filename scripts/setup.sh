#!/usr/bin/env bash
# Installs what is missing, and nothing else. Arguments: what for (`build`, `test`, `kubernetes`, `kernels`, `fuzz`,
# `bench`).
set -euo pipefail

CACHE="${LANNER_CACHE:-$HOME/.cache/lanner}"
KAFKA_VERSION=4.3.1
MAILPIT_VERSION=v1.27.11
# What mailpit's go.mod asks for.
MAILPIT_GO_MINOR=24
# What scripts/kubernetes/go.mod asks for.
KUBERNETES_GO_MINOR=26

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# Runs what needs the network, which may fail for a moment.
retry() {
    for pause in 1 5 15; do
        "$@" && return
        say "Failed; trying again in $pause s: $*"
        sleep "$pause"
    done
    "$@" || fail "it failed four times: $*"
}

MISSING=()

# Asks for packages, unless they are installed.
packages() {
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || MISSING+=("$package")
    done
}

# Asks for a package, unless its program is there, wherever it came from: another vendor's Docker or Java stays.
program() { has "$1" || packages "$2"; }

install_missing() {
    [ "${#MISSING[@]}" -eq 0 ] && return
    has apt-get || fail "this installs Debian packages; elsewhere, install what these hold: ${MISSING[*]}"
    [ "$(id -u)" -eq 0 ] || fail "installing ${MISSING[*]} needs root"
    say "Installing ${MISSING[*]}"
    retry apt-get update -qq
    export DEBIAN_FRONTEND=noninteractive
    retry apt-get install -y -qq --no-install-recommends "${MISSING[@]}" >/dev/null
}

need_rust() {
    has cargo || fail "Rust is missing: install it with rustup (https://rustup.rs)"
}

# Debian's is too old to build what the tests need, and needn't be there once it is built. Arguments: the least minor
# version, and what for.
need_go() {
    local version
    version="$(go env GOVERSION 2>/dev/null || true)"
    [[ "$version" =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge "$1" ] && return
    fail "Go 1.$1 or newer is needed to build $2, and ${version:-none} is here: https://go.dev/dl"
}

# rustup's minimal profile has neither.
rust_components() {
    cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
    cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
}

mailpit() {
    [ -x "$CACHE/bin/mailpit" ] && return
    say "Building mailpit $MAILPIT_VERSION"
    mkdir -p "$CACHE/bin"
    GOBIN="$CACHE/bin" retry go install "github.com/axllent/mailpit@$MAILPIT_VERSION"
}

# Kafka's jars, from Maven.
kafka() {
    local home="$CACHE/kafka-$KAFKA_VERSION"
    [ -e "$home/complete" ] && return
    say "Fetching Kafka $KAFKA_VERSION"
    rm -rf "$home" && mkdir -p "$home"
    cat >"$home/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>lanner</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$KAFKA_VERSION</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
    retry mvn -B -q -f "$home/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$home/lib"
    touch "$home/complete"
}

# The programs of Kubernetes that its test runs, of the version in their go.mod.
kubernetes() {
    local source home="$CACHE/kubernetes"
    source="$(dirname "$0")/kubernetes"
    cmp -s "$source/go.sum" "$home/go.sum" && return
    need_go "$KUBERNETES_GO_MINOR" "Kubernetes for its test"
    say "Building Kubernetes, which takes some minutes"
    rm -rf "$home" && mkdir -p "$home"
    (cd "$source" && retry go mod download && go build -trimpath -ldflags "-s -w" -o "$home/" ./...)
    cp "$source/go.sum" "$home/go.sum"
}

# What counts instructions, of the version that Cargo.toml asks for.
gungraun() {
    local version
    version="$(sed -n 's/^gungraun = "=\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml")"
    "$CACHE/bin/gungraun-runner" --version 2>/dev/null | grep -q "$version" && return
    say "Building gungraun-runner $version"
    retry cargo install --quiet --locked --root "$CACHE" --force "gungraun-runner@$version"
}

for_build() {
    packages clang-14 libbpf-dev gcc g++ libc6-dev make pkg-config libssl-dev zlib1g-dev
    install_missing
}

for_test() {
    packages rsyslog busybox-static iproute2 iptables openssl util-linux
    program dockerd docker.io
    program podman podman
    program containerd containerd
    program runc runc
    program java default-jdk-headless
    program mvn maven
    install_missing
    rust_components
    mailpit
    kafka
}

for_kubernetes() {
    program etcd etcd-server
    install_missing
    kubernetes
}

# Fuzzing wants a nightly compiler, whatever its day.
for_fuzz() {
    rustup toolchain list | grep -q '^nightly' || retry rustup toolchain install nightly --profile minimal
    [ -x "$CACHE/bin/cargo-fuzz" ] || retry cargo install --quiet --locked --root "$CACHE" cargo-fuzz
}

for_bench() {
    program valgrind valgrind
    install_missing
    gungraun
}

for_kernels() {
    packages busybox-static cpio xz-utils debian-archive-keyring
    program qemu-system-x86_64 qemu-system-x86
    install_missing
}

# What isn't installed here is asked for before anything is.
need_rust
[[ " $* " != *" test "* ]] || [ -x "$CACHE/bin/mailpit" ] || need_go "$MAILPIT_GO_MINOR" "the mail server of the tests"
for what in "$@"; do
    case "$what" in
        build) for_build ;;
        test) for_test ;;
        kubernetes) for_kubernetes ;;
        fuzz) for_fuzz ;;
        bench) for_bench ;;
        kernels) for_kernels ;;
        *) fail "unknown argument $what" ;;
    esac
    MISSING=()
done
