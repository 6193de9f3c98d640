#!/bin/sh
# Prints the firewall, the addresses and the routes of this Linux machine for 'twilio-sip-allow verify'.
# It only reads. It needs root privileges:
#
#     ssh root@pbx sh < collect.sh > pbx.capture
#
# Before the output of each command, a marker line names the command, its result and the number of lines.

# Prints a section: its name, the result, and the text.
section() {
    [ "$2" != 'status 0' ] || shown="$shown<$1>"
    lines=0
    [ -z "$3" ] || lines=$(printf '%s\n' "$3" | wc -l)
    printf '===== twilio-sip-allow 1: %s: %s, lines %d =====\n' "$1" "$2" "$lines"
    [ -z "$3" ] || printf '%s\n' "$3"
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# Prints the section of a failed command, with its error messages, which only a second run can separate.
failure() {
    name=$1 status=$2
    shift 2
    messages=$("$@" 2>&1 >/dev/null </dev/null)
    section "$name" "status $status" "$messages"
    failures="$failures$name: exit status $status${messages:+: $messages}
"
}

# Prints the section of a command.
collect() {
    name=$1
    shift
    if ! has "$1"; then
        section "$name" missing ''
    elif output=$("$@" 2>/dev/null </dev/null); then
        section "$name" 'status 0' "$output"
    else
        failure "$name" $? "$@"
    fi
}

# True if the text of nft has only one meaning. nft escapes neither quotation marks nor line breaks in quoted texts, and
# old versions print '#' before a match that they do not know.
is_clear() {
    line='[^"#\\]*("[^"#\\]*"([ ,]|$)[^"#\\]*)*'
    after_comment='comment ("[^"]*" [^}:cet]|"")'
    two_texts=' (prefix|set|name) "[^"]*".*[^t] "'
    ! printf '%s\n' "$1" | grep -Eqv "^$line\$" && ! printf '%s\n' "$1" | grep -Eq "$after_comment|$two_texts"
}

# Prints the rules of nftables: as text, or as JSON if the text has several meanings.
nftables() {
    if ! has nft || ! text=$(nft list ruleset 2>/dev/null </dev/null); then
        collect 'nft list ruleset' nft list ruleset
    elif ! is_clear "$text" && json=$(nft -j list ruleset 2>/dev/null </dev/null); then
        section 'nft list ruleset' 'status 0' "$json"
    else
        section 'nft list ruleset' 'status 0' "$text"
    fi
}

# Prints the name of the command that prints the rules of a back end of iptables: nft or legacy.
iptables_save() {
    if ! has "iptables-$1-save" && has iptables-save; then
        case $(iptables -V 2>/dev/null </dev/null) in
        *nf_tables*) back_end=nft ;;
        *) back_end=legacy ;;
        esac
        [ "$back_end" != "$1" ] || echo iptables-save
    else
        echo "iptables-$1-save"
    fi
}

# Prints the rules of the legacy back end. If the file of the kernel is missing or empty, there are none. Then
# iptables-legacy-save must not run, because it may load a kernel module.
legacy() {
    tables=/proc/net/ip_tables_names
    if [ -e $tables ] && ! names=$(cat $tables 2>/dev/null); then
        failure iptables-legacy-save 1 cat $tables
    elif [ ! -e $tables ] || [ -z "$names" ]; then
        section iptables-legacy-save 'no tables' ''
    else
        command=$(iptables_save legacy)
        collect iptables-legacy-save "${command:-iptables-legacy-save}"
    fi
}

# Prints the output of the command ip as JSON, or as text from versions that cannot print JSON.
ip_objects() {
    name="ip $1"
    shift
    if has ip && output=$(ip -j -4 "$@" 2>/dev/null </dev/null); then
        section "$name" 'status 0' "$output"
    else
        collect "$name" ip -4 "$@"
    fi
}

main() {
    LC_ALL=C
    PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
    export LC_ALL PATH
    failures='' shown=''
    section host 'status 0' "$(uname -n)"
    section user 'status 0' "$(id -u)"
    nftables
    command=$(iptables_save nft)
    collect iptables-nft-save "${command:-iptables-nft-save}"
    legacy
    collect 'ipset save' ipset save
    ip_objects address address show
    ip_objects route route show table all
    collect ip_forward cat /proc/sys/net/ipv4/ip_forward
    echo '===== twilio-sip-allow 1: end ====='
    case $shown in
    *'<nft list ruleset>'* | *'<iptables-'*) ;;
    *) failures="${failures}the rules of the firewall are unknown: no command printed them
" ;;
    esac
    [ -n "$failures" ] || return 0
    printf '%s' "$failures" >&2
    [ "$(id -u)" = 0 ] || echo 'run this script as root' >&2
    return 1
}

main
exit
