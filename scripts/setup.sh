#!/usr/bin/env bash
# Installs what is missing, and nothing else. Arguments: what for (`build`, `test`).
set -euo pipefail

CACHE="${LANNER_CACHE:-$HOME/.cache/lanner}"
KAFKA_VERSION=4.3.1
MAILPIT_VERSION=v1.27.11

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# The packages of these names that are not installed are installed.
packages() {
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || fail "installing ${missing[*]} needs root"
    say "Installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

for_build() {
    has cargo || fail "Rust is missing: install it with rustup (https://rustup.rs)"
    has apt-get || fail "this sets up Debian; elsewhere, install clang, libbpf's headers, a C and C++ compiler, OpenSSL's and zlib's headers"
    packages clang-14 libbpf-dev gcc g++ libc6-dev make pkg-config libssl-dev zlib1g-dev
    has cmake || packages cmake
}

for_test() {
    has go || fail "Go 1.24 or newer is missing, which builds the mail server of the tests; Debian 12's is too old: https://go.dev/dl"
    packages docker.io iptables rsyslog busybox-static iproute2 openssl util-linux
    has java || packages default-jdk-headless
    has mvn || packages maven
    mkdir -p "$CACHE/bin"
    if [ ! -x "$CACHE/bin/mailpit" ]; then
        say "Building mailpit $MAILPIT_VERSION"
        GOBIN="$CACHE/bin" go install "github.com/axllent/mailpit@$MAILPIT_VERSION"
    fi
    kafka
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
    (cd "$home" && mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib)
    touch "$home/complete"
}

for what in "$@"; do
    case "$what" in
        build) for_build ;;
        test) for_test ;;
        *) fail "unknown argument $what" ;;
    esac
done
