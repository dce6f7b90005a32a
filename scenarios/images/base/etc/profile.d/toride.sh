# What an interactive shell in a guest looks like.
export LANG=C.UTF-8 PAGER=less LESS=-FRX
if [ -n "${BASH_VERSION-}" ]; then
	PS1='\u@\h:\w\$ '
fi
alias ll='ls -la --time-style=long-iso'
