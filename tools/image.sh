#!/bin/sh
# Build the Dockerfile and try the image on a Debian machine without a container engine: `make image`.
#
# The base image that the Dockerfile names may be out of reach, so a Debian 13 with Python stands in
# for it. Needs root, apt-get and a Debian mirror; keeps all it makes in `.image/` (remove that folder
# to begin anew) and leaves nothing running.
set -eu

cd "$(dirname "$0")/.."
work=$PWD/.image
# The first main archive that this machine itself uses.
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)}
base=localhost/sidegate-base:trixie
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
image=localhost/sidegate:$version

main() {
    [ "$(id -u)" = 0 ] || fail "only root can build here: run it with sudo"
    install_tools
    mkdir -p "$work"
    choose_storage
    in_storage buildah inspect --type image "$base" >/dev/null 2>&1 || make_base
    build
    say "trying the image"
    python3 tools/try_image.py --image "$image" --storage "$storage" --driver "$driver"
}

install_tools() {
    missing=
    for tool in buildah podman runc debootstrap; do
        command -v "$tool" >/dev/null || missing="$missing $tool"
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || fail "without apt-get, install these first:$missing"
    say "installing$missing"
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null
}

choose_storage() {
    for driver in overlay vfs; do
        storage=$work/$driver
        in_storage buildah info >/dev/null 2>&1 && return 0
    done
    fail "neither overlay nor plain folders can hold images in \`$work\`"
}

make_base() {
    say "making the base image: Debian 13 with Python (about a minute)"
    rm -rf "$work/base"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
        trixie "$work/base" "$mirror" >"$work/debootstrap.log" 2>&1 \
        || fail "debootstrap failed: see \`$work/debootstrap.log\`"
    rm -rf "$work/base/var/cache/apt/archives" "$work/base/var/lib/apt/lists"
    container=$(in_storage buildah from scratch)
    in_storage buildah add -q "$container" "$work/base" / >/dev/null
    in_storage buildah config --cmd python3 "$container"
    in_storage buildah commit -q --rm "$container" "$base" >/dev/null
    rm -rf "$work/base"
}

build() {
    say "building $image"
    # The steps trust whatever this machine trusts, and the format keeps the HEALTHCHECK.
    in_storage buildah bud --format docker --isolation chroot --pull-never --network host \
        --volume /etc/ssl/certs:/etc/ssl/certs:ro \
        --build-arg BASE="$base" --build-arg VERSION="$version" --build-arg REVISION="$(revision)" \
        --tag "$image" . >"$work/build.log" 2>&1 \
        || { tail -n 30 "$work/build.log" >&2; fail "the build failed: see \`$work/build.log\`"; }
    in_storage buildah rmi --prune >/dev/null
}

revision() {
    git rev-parse --short HEAD 2>/dev/null || echo unknown
}

in_storage() {
    tool=$1
    shift
    "$tool" --root "$storage" --runroot "$storage-run" --storage-driver "$driver" "$@"
}

say() { echo "image: $*"; }

fail() {
    echo "image: $*" >&2
    exit 1
}

main
