#!/usr/bin/env bash
# Builds the real peers that tests talk to into a cache outside the clone, each once per content of its folder, and
# prints as its last line the folder that holds them all. Needs Go, Python 3 with venv, Node.js with npm, and on Debian apt-get.
# Usage: tests/tools/build.sh [prometheus|jaeger|collector|gosender|opampclient|h2spec|perses|kubernetes|helm|kustomize|etcd|python|browser|debian]...   (none = all)
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
cache=${POINTSMAN_TOOLS:-$HOME/.cache/pointsman/tools}
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9 # two runs share one cache: the second waits, then finds everything built

say() { printf '%s\n' "tools: $*" >&2; }

# key FOLDER [TEXT]: changes with the names and contents of the folder's files, and with how they are built.
key() {
    (cd "$here/$1" && find . -type f ! -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; echo "${2-}") |
        sha256sum | cut -c1-12
}

# made FOLDER: a folder is whole once its marker is there; a build that was cut off is done anew.
made() { [ -e "$1/.made" ]; }

# try_thrice COMMAND...: registries refuse now and then; what they delivered stays cached between the attempts.
try_thrice() {
    local pause
    for pause in 5 20 0; do
        "$@" && return 0
        say "failed: $*"
        sleep "$pause"
    done
    return 1
}

# go_tool FOLDER GOFLAGS [NAME=PACKAGE]...: the module is built from a copy, because -mod=mod completes its go.sum.
# More flags for the linker may stand in $ldflags.
go_tool() {
    local folder=$1 flags=$2 dest started=$SECONDS pair
    shift 2
    dest=$cache/$folder-$(key "$folder" "$flags $* $(go env GOVERSION)${ldflags-}")
    if ! made "$dest"; then
        say "building $folder"
        rm -rf "$dest"
        mkdir -p "$dest/src" "$dest/bin"
        cp "$folder"/* "$dest/src/"
        for pair in "$@"; do
            # shellcheck disable=SC2086 # flags is a list
            (cd "$dest/src" && try_thrice env GOFLAGS=-mod=mod GOWORK=off CGO_ENABLED=0 \
                go build $flags -trimpath -ldflags "-s -w${ldflags:+ $ldflags}" -o "$dest/bin/${pair%%=*}" "${pair#*=}") >&2
        done
        touch "$dest/.made"
        say "built $folder in $((SECONDS - started)) s"
    fi
    parts+=("$dest")
}

# debian_tool PACKAGE VERSION-PATTERN FOLDER [NAME=PROGRAM]...: unpacked, not installed, for what Debian installs starts
# servers of its own.
debian_tool() {
    local package=$1 pattern=$2 folder=$3 version dest pair
    shift 3
    version=$(apt-cache policy "$package" 2>/dev/null | awk '/Candidate:/ {print $2}')
    if [ -z "$version" ] && [ "$(id -u)" = 0 ]; then
        apt-get update -qq >&2
        version=$(apt-cache policy "$package" | awk '/Candidate:/ {print $2}')
    fi
    # shellcheck disable=SC2254 # it is a pattern
    case $version in
    $pattern) ;;
    *) say "Debian offers $package '$version', the tests want $pattern"; exit 1 ;;
    esac
    dest=$cache/$folder-$(printf '%s' "$version" | sha256sum | cut -c1-12)
    if ! made "$dest"; then
        say "unpacking Debian's $package $version"
        rm -rf "$dest"
        mkdir -p "$dest/bin"
        chmod 777 "$dest" # apt downloads as its own user
        (cd "$dest" && try_thrice apt-get download -qq "$package" && dpkg-deb -x "${package}"_*.deb root && rm "${package}"_*.deb) >&2
        chmod 755 "$dest"
        for pair in "$@"; do ln -s "../root/usr/bin/${pair#*=}" "$dest/bin/${pair%%=*}"; done
        touch "$dest/.made"
    fi
    parts+=("$dest")
}

# Debian's Alertmanager reads its templates in /usr/share, where nothing was installed: it gets a /usr/share of its own.
alertmanager() {
    local dest wrapper
    debian_tool prometheus-alertmanager "0.*" alertmanager
    dest=${parts[-1]} wrapper=${parts[-1]}/bin/alertmanager
    [ -e "$wrapper" ] && return
    printf '#!/bin/sh\nexec unshare --map-root-user --mount sh -c '\''mount --bind "$0" /usr/share && exec "$@"'\'' \\\n' >"$wrapper.new"
    printf '    "%s/root/usr/share" "%s/root/usr/bin/prometheus-alertmanager" "$@"\n' "$dest" "$dest" >>"$wrapper.new"
    chmod +x "$wrapper.new"
    mv "$wrapper.new" "$wrapper"
}

# zsh looks for its modules and functions below /usr, and is told of others by a file that it reads when it starts.
zsh() {
    local program functions
    debian_tool zsh "5.*" zsh
    program=${parts[-1]}
    debian_tool zsh-common "5.*" zsh-common
    functions=${parts[-1]}
    [ -e "$program/bin/zsh" ] && return
    printf 'module_path=("%s"/root/usr/lib/*/zsh/*(/))\nfpath=("%s"/root/usr/share/zsh/functions/**/*(/))\n' \
        "$program" "$functions" >"$program/.zshenv"
    printf '#!/bin/sh\nZDOTDIR="%s" exec "%s" "$@"\n' "$program" "$program"/root/bin/zsh >"$program/bin/zsh.new"
    chmod +x "$program/bin/zsh.new"
    mv "$program/bin/zsh.new" "$program/bin/zsh"
}

# A virtual environment knows itself by the path it is started from, so `bin` gets a wrapper and not a link.
python_env() {
    local dest
    dest=$cache/python-$( (python3 --version; cat python/requirements.txt) | sha256sum | cut -c1-12)
    if ! made "$dest"; then
        say "installing the Python packages"
        rm -rf "$dest"
        mkdir -p "$dest/bin"
        python3 -m venv "$dest/venv"
        try_thrice "$dest/venv/bin/pip" install --quiet --disable-pip-version-check -r python/requirements.txt >&2
        printf '#!/bin/sh\nexec "%s/venv/bin/python" -B "$@"\n' "$dest" >"$dest/bin/python"
        chmod +x "$dest/bin/python"
        touch "$dest/.made"
    fi
    parts+=("$dest")
}

# What drives Chromium over the pages, and what judges them, beside the script that does.
browser() {
    local dest
    dest=$cache/browser-$(key browser "$(node --version)")
    if ! made "$dest"; then
        say "installing the packages of the browser suite"
        rm -rf "$dest"
        mkdir -p "$dest/src" "$dest/bin"
        cp browser/* "$dest/src/"
        (cd "$dest/src" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 try_thrice npm ci --silent --no-audit --no-fund --ignore-scripts) >&2
        printf '#!/bin/sh\nCHROMIUM=$(command -v chromium) exec node "%s/src/suite.mjs" "$@"\n' "$dest" >"$dest/bin/browser-suite"
        chmod +x "$dest/bin/browser-suite"
        touch "$dest/.made"
    fi
    parts+=("$dest")
}

parts=()
for tool in "${@:-all}"; do
    known=no
    wanted() { [ "$tool" = all ] || [ "$tool" = "$1" ]; }
    if wanted python; then known=yes; python_env; fi
    if wanted browser; then known=yes; browser; fi
    if wanted debian; then
        known=yes
        debian_tool prometheus "2.*" prometheus2 prometheus2=prometheus promtool2=promtool
        alertmanager
        debian_tool slowhttptest "1.*" slowhttptest slowhttptest=slowhttptest
        debian_tool testssl.sh "3.*" testssl testssl=testssl
        debian_tool mandoc "1.*" mandoc mandoc=mandoc
        zsh
    fi
    if wanted etcd; then known=yes; debian_tool etcd-server "3.*" etcd etcd=etcd; fi
    if wanted kubernetes; then
        known=yes
        # Discovery reports this version; without it kubectl and the server take each other for 0.0.
        ldflags="-X k8s.io/component-base/version.gitVersion=v1.34.4" go_tool kube-apiserver "" \
            kube-apiserver=k8s.io/kubernetes/cmd/kube-apiserver kubectl=k8s.io/kubernetes/cmd/kubectl
    fi
    if wanted helm; then
        known=yes
        # What charts are told of the cluster where there is none: the version of kube-apiserver above.
        charts=helm.sh/helm/v3/pkg/chartutil lint=helm.sh/helm/v3/pkg/lint/rules
        ldflags="-X $charts.k8sVersionMajor=1 -X $charts.k8sVersionMinor=34 -X $lint.k8sVersionMajor=1 -X $lint.k8sVersionMinor=34" \
            go_tool helm "" helm=helm.sh/helm/v3/cmd/helm
    fi
    if wanted kustomize; then known=yes; go_tool kustomize "" kustomize=sigs.k8s.io/kustomize/kustomize/v5; fi
    if wanted prometheus; then
        known=yes
        # Without the tags one service-discovery module does not resolve.
        go_tool prometheus "-tags=remove_all_sd,enable_kubernetes_sd,netgo" \
            prometheus3=github.com/prometheus/prometheus/cmd/prometheus promtool3=github.com/prometheus/prometheus/cmd/promtool
    fi
    if wanted jaeger; then known=yes; go_tool jaeger "" jaeger=github.com/jaegertracing/jaeger/cmd/all-in-one; fi
    if wanted gosender; then known=yes; go_tool gosender "" gosender=.; fi
    if wanted opampclient; then known=yes; go_tool opampclient "" opampclient=.; fi
    if wanted h2spec; then known=yes; go_tool h2spec "" h2spec=github.com/summerwind/h2spec/cmd/h2spec; fi
    if wanted collector; then known=yes; go_tool collector "" collector=.; fi
    if wanted perses; then known=yes; go_tool perses "" perses=.; fi
    [ $known = yes ] || { say "no tool named '$tool'"; exit 2; }
done

# One folder of links per set of builds, so that a clone with other versions may share the cache.
set_dir=$cache/set-$(printf '%s\n' "${parts[@]}" | sha256sum | cut -c1-12)
mkdir -p "$set_dir"
for part in "${parts[@]}"; do ln -sf "$part"/bin/* "$set_dir/"; done
printf '%s\n' "$set_dir"
