#!/bin/sh
# Gets what the tests of slides, pages and sliders need, where that needs no
# password: Chromium and npm.  Never fails: those tests say what they miss.
set -u

wanted=""
command -v chromium >/dev/null 2>&1 || wanted="$wanted chromium"
command -v npm >/dev/null 2>&1 || wanted="$wanted npm"
[ -n "$wanted" ] || exit 0
command -v apt-get >/dev/null 2>&1 || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then
    as_root="sudo -n"
else
    echo "Tests in a browser will be skipped. To run them:  sudo apt-get install -y$wanted"
    exit 0
fi

echo "Installing$wanted"
line="apt-get install -y --no-install-recommends$wanted"
# The lists may be missing or old on a fresh machine.
if ! DEBIAN_FRONTEND=noninteractive $as_root $line >/dev/null 2>&1; then
    $as_root apt-get update -qq >/dev/null 2>&1
    DEBIAN_FRONTEND=noninteractive $as_root $line >/dev/null 2>&1 ||
        echo "Could not be installed; tests in a browser will be skipped:$wanted"
fi
exit 0
