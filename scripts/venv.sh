#!/bin/sh
# Make a virtual environment: venv.sh FOLDER PYTHON...
# The first of the named Pythons that answers and is new enough is taken, first among those that
# bring pip along (Debian packs that part of Python separately), then with `virtualenv`.
# An environment that is there and works is kept.
set -eu

folder=$1
shift

new_enough='import sys; sys.exit(sys.version_info < (3, 10))'

usable() { "$1" -c "$new_enough" </dev/null >/dev/null 2>&1; }
brings_pip() { "$1" -c 'import venv' </dev/null >/dev/null 2>&1 &&
    "$1" -m ensurepip --version </dev/null >/dev/null 2>&1; }

if usable "$folder/bin/python" && "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi
rm -rf "$folder"

without_pip=
for python in "$@"; do
    usable "$python" || continue
    if brings_pip "$python"; then
        echo "Making $folder with $("$python" --version) ($python)"
        exec "$python" -m venv "$folder"
    fi
    without_pip=${without_pip:-$python}
done

if [ -z "$without_pip" ]; then
    echo "No Python 3.10 or newer answers as any of: $*. Install one, or name one: make PYTHON=…" >&2
    exit 1
fi
if "$without_pip" -m virtualenv --version >/dev/null 2>&1; then
    exec "$without_pip" -m virtualenv --quiet "$folder"
fi
if command -v virtualenv >/dev/null 2>&1; then
    exec virtualenv --quiet --python "$without_pip" "$folder"
fi
echo "$without_pip has no ensurepip, so it cannot make an environment: install python3-venv" \
    "(Debian, Ubuntu: apt-get install python3-venv) or virtualenv." >&2
exit 1
