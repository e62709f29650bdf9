#!/bin/sh
# Makes .venv ready: `setup.sh run` for the program, `setup.sh test` for the tests too.
# `setup.sh lock` renews the requirements files instead.
# Order: Python, system packages, .venv. A stop leaves nothing behind that a later run takes.
set -eu
exec 1>&2 # stdout belongs to the program that make starts next
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
MODE=${1:-run}

stop() {
    echo "$*"
    exit 1
}

# --- Python ---------------------------------------------------------------------------------
# The base interpreter, not an activated .venv that is about to be replaced.
found=$("$PYTHON" -I -c '
import os, sys
if sys.version_info < (3, 11):
    sys.exit("old")
base = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
print("ok %d.%d.%d %s" % (sys.version_info[:3] + (base,)))
' 2>/dev/null) || found=
case $found in
ok\ *) ;;
*) stop "Python 3.11 or newer is needed, and '$PYTHON' is not that: name one, as in: make run PYTHON=python3.12" ;;
esac
identity="${found#ok } $(pwd -P)" # what .venv is tied to: version, interpreter, place
base=${found#ok * }
minor=$(expr "$found" : 'ok \([0-9]*\.[0-9]*\)')

# --- System packages ------------------------------------------------------------------------
# Prints "package:what is missing" lines. It asks the loader, since package names differ.
missing() {
    "$base" -I - <<'PY'
import ctypes, importlib.util, os

wanted = {
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
    "libglib2.0-0": "libglib-2.0.so.0",
}
if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
    wanted.update({
        "libxcb-cursor0": "libxcb-cursor.so.0",
        "libxcb-icccm4": "libxcb-icccm.so.4",
        "libxcb-keysyms1": "libxcb-keysyms.so.1",
        "libxcb-shape0": "libxcb-shape.so.0",
        "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    })
if os.environ.get("WAYLAND_DISPLAY"):
    wanted["libwayland-cursor0"] = "libwayland-cursor.so.0"
if not importlib.util.find_spec("ensurepip"):
    print("python3-venv:python3-venv")
for package, library in wanted.items():
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package + ":" + library)
PY
}

what_lacks() {
    echo "$lacking" | sed 's/.*://' | tr '\n' ' '
}

# The name under which apt has a package here.
apt_name() {
    case $1 in
    python3-venv) # goes with the default python3 only
        if [ "$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = "$minor" ]; then
            echo python3-venv
        else
            echo "python$minor-venv"
        fi
        ;;
    libglib2.0-0) # renamed in Debian 13 and Ubuntu 24.04
        if apt-cache show libglib2.0-0t64 >/dev/null 2>&1; then echo libglib2.0-0t64; else echo "$1"; fi
        ;;
    *) echo "$1" ;;
    esac
}

install_with_apt() {
    as_root=
    if [ "$(id -u)" != 0 ]; then
        as_root="sudo -n"
        sudo -n true 2>/dev/null || return 1
    fi
    echo "Installing with apt: $packages"
    apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300"
    # shellcheck disable=SC2086 # commands and names are lists
    {
        $apt update || : # the lists at hand may do; the install decides
        name_packages    # fresh lists may know other names
        $apt install -y --no-install-recommends -o Dpkg::Use-Pty=0 $packages
    } </dev/null >/dev/null
}

name_packages() {
    packages=
    for line in $lacking; do
        packages="$packages $(apt_name "${line%%:*}")"
    done
    packages=${packages# }
}

if [ "$(uname -s)" = Linux ]; then # elsewhere Qt's wheel brings all it needs
    lacking=$(missing)
    if [ -n "$lacking" ]; then
        if ! command -v apt-get >/dev/null; then
            stop "Install these with this system's package manager, then try again:" \
                "$(what_lacks)"
        fi
        name_packages
        if ! install_with_apt; then
            command="apt-get update && apt-get install -y --no-install-recommends $packages"
            if command -v sudo >/dev/null; then root="sudo sh -c"; else root="su -c"; fi
            [ "$(id -u)" != 0 ] || root="sh -c"
            echo "System packages are missing. Run this, then try again:"
            stop "$root '$command'"
        fi
        lacking=$(missing)
        [ -z "$lacking" ] || stop "Still missing after apt: $(what_lacks)"
    fi
fi

# --- The requirements files -----------------------------------------------------------------
if [ "$MODE" = lock ]; then
    shift
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    uv=uv
    if ! command -v uv >/dev/null; then
        "$base" -I -m venv "$scratch"
        "$scratch/bin/python" -I -m pip install -q --disable-pip-version-check uv
        uv=$scratch/bin/uv
    fi
    # No host and no path of this machine may get into the files.
    compile() {
        "$uv" --no-config pip compile -q pyproject.toml --universal --python-version 3.11 \
            --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links \
            --custom-compile-command "make lock" "$@" >/dev/null
    }
    compile --extra test -o requirements-test.txt "$@"
    # Bound by the larger set, so that the tests run on the versions that the program gets.
    compile -c requirements-test.txt -o requirements.txt
    exit 0
fi

# --- .venv ----------------------------------------------------------------------------------
# The stamp is a copy of the requirements file under the identity, written last.
want() {
    echo "$identity"
    cat "$1"
}
ready() {
    [ -x .venv/bin/python ] && want "$1" | cmp -s - ".venv/$1"
}
all_ready() {
    ready requirements.txt && { [ "$MODE" = run ] || ready requirements-test.txt; }
}

! all_ready || exit 0
# One set-up at a time; the others wait and then find it done.
if command -v flock >/dev/null; then
    exec 9<packaging/setup.sh
    flock 9
    ! all_ready || exit 0
fi

# The test tools may go on top of the run-time packages, all else starts from nothing.
if ! ready requirements.txt || [ -e .venv/requirements-test.txt ]; then
    rm -rf .venv
    echo "Creating .venv with Python ${identity%% *}"
    "$base" -I -m venv .venv
fi
rm -f .venv/requirements.txt
case $MODE in
run) files=requirements.txt ;;
*) files="requirements.txt requirements-test.txt" ;;
esac
echo "Installing ${files##* } into .venv (a minute or two)"
# -I: PYTHONPATH and the like must not reach into the environment.
.venv/bin/python -I -m pip install -q --no-input --disable-pip-version-check \
    --require-hashes --only-binary :all: -r "${files##* }"
# Some settings keep pip from compiling, and then each start would be slow. Packages ship a few
# files that are not valid Python; those stay as they are.
.venv/bin/python -I -m compileall -qq .venv/lib || :
for file in $files; do
    want "$file" >.venv/stamp
    mv .venv/stamp ".venv/$file"
done
