#!/usr/bin/env bash
# Installs the Debian packages that tests use, and only those that are missing.
set -euo pipefail
# Servers are in folders that only root has on its path.
PATH=$PATH:/usr/sbin:/sbin
missing=()
for package in "$@"; do
    case "$package" in
        default-jdk-headless) command -v javac >/dev/null || missing+=("$package") ;;
        iproute2) command -v ip >/dev/null || missing+=("$package") ;;
        nftables) command -v nft >/dev/null || missing+=("$package") ;;
        nginx-light) command -v nginx >/dev/null || missing+=("$package") ;;
        *) command -v "$package" >/dev/null || missing+=("$package") ;;
    esac
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "tests need these packages: ${missing[*]}; install them and run make again" >&2
    exit 1
fi
# Packages must not start services of their own: tests start what they need.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
