# The business applications (role business-app): log-in, the rules of an order, the audit, and what a hostile user tries first.

bats_require_minimum_version 1.5.0
load helper
target=office-app-test/1

setup_file() {
	load helper
	up office-app-test 1 tests/range/scenarios/office-app.yaml
}
teardown_file() {
	load helper
	down office-app-test
}

on() { # HOST command…
	guest "$target/$1" "${@:2}"
}
# A page as that person sees it: "STATUS" and then the page. With more arguments it is a POST of these fields, and of the session's token.
page() { # ACCOUNT HOST PATH [field=value…]
	on pc sh -c '
		jar=/tmp/$1-$2 url=http://$2 path=$3; shift 3
		if [ $# -gt 0 ]; then
			token=$(curl -s -b "$jar" -c "$jar" "$url/login" | sed -n "s/.*name=\"token\" value=\"\([^\"]*\)\".*/\1/p" | head -n 1)
			set -- "$@" "token=$token"
			for field; do shift; set -- "$@" --data-urlencode "$field"; done
		fi
		curl -s -m 10 -b "$jar" -c "$jar" -w "\n%{http_code}\n" "$@" "$url$path"' - "$@"
}
log_in() { # ACCOUNT HOST [password]
	page "$1" "$2" /login account="$1" password="${3:-$1-training}"
}
answers() { # STATUS: of the last `run page`
	[ "${lines[-1]}" = "$1" ] || { echo "$output"; false; }
}
in_database() { # HOST query
	on "$1" /usr/share/office/office-db psql -At -d office -c "$2"
}

@test "business-app: services are up within 3 s, in less than 80 MiB" {
	soon 3 on pc curl -fs -o /dev/null http://orders/login
	soon 3 on pc curl -fs -o /dev/null http://tickets/login
	run on orders sh -c 'cat /proc/[0-9]*/smaps_rollup | awk "/^Pss:/ { sum += \$2 } END { print sum }"'
	echo "Pss: $output KiB"
	[ "$output" -gt 1000 ]
	[ "$output" -lt 81920 ]
}

@test "business-app: nobody in without a log-in; a wrong password is refused and stands in the audit" {
	run on pc curl -s -o /dev/null -w '%{http_code} %{redirect_url}' http://orders/orders
	[[ $output == "302 http://orders/login"* ]]
	run log_in kato orders wrong
	answers 401
	run page kato orders /orders
	answers 302
	run log_in kato orders
	answers 302
	run page kato orders /orders
	answers 200
	[[ $output == *発注一覧* ]]
	run on orders cat /var/log/orders/audit.log
	grep -Eq '^[0-9-]{10} [0-9:]{8} kato 10\.2\.1\.101 login-failed - -$' <<<"$output"
	grep -Eq '^[0-9-]{10} [0-9:]{8} kato 10\.2\.1\.101 login - -$' <<<"$output"
}

@test "business-app: an order goes from the draft to the payment, approved by somebody else" {
	log_in kato orders
	log_in suzuki orders
	log_in tanaka orders
	run page kato orders /orders/new title=会議用いすの購入 supplier=1 needed_by=2030-01-31 item=P-A4 quantity=10
	answers 302
	number=$(in_database orders "select number from orders where title = '会議用いすの購入'")
	[[ $number =~ ^[0-9]{4}-[0-9]{4}$ ]]
	run page kato orders "/orders/$number"
	[[ $output == *24,800円* ]]
	# An approver, but the requester; then somebody who is no approver; then out of turn.
	run page kato orders "/orders/$number/approve" x=1
	answers 403
	run page tanaka orders "/orders/$number/approve" x=1
	answers 403
	run page kato orders "/orders/$number/pay" x=1
	answers 409
	[ "$(in_database orders "select state from orders where number = '$number'")" = draft ]
	run page suzuki orders "/orders/$number/approve" x=1
	answers 302
	for action in order receive pay; do
		run page kato orders "/orders/$number/$action" x=1
		answers 302
	done
	[ "$(in_database orders "select state, approver from orders where number = '$number'")" = "paid|suzuki" ]
	run in_database orders "select string_agg(action, ' ' order by id) from audit where object = '$number'"
	[ "$output" = "order.create order.approve order.order order.receive order.pay" ]
	run page kato orders '/orders.csv?state=paid'
	answers 200
	[[ $output == *"$number,会議用いすの購入"* ]]
	run on pc curl -s -H 'Accept-Language: en' http://orders/login
	[[ $output == *"Order management"* ]]
}

@test "business-app: forged forms, SQL and HTML in the fields do nothing" {
	log_in kato orders
	run on pc curl -s -o /dev/null -w '%{http_code}' -b /tmp/kato-orders -d title=x http://orders/orders/new
	[ "$output" = 400 ]
	run page kato orders /orders/new "title=<script>alert(1)</script>'; drop table audit; --" supplier=1 needed_by=2030-01-31 item=P-A4 quantity=1
	answers 302
	run page kato orders /orders
	[[ $output == *"&lt;script&gt;alert(1)&lt;/script&gt;&#39;; drop table"* ]]
	[[ $output != *"<script>"* ]]
	run page kato orders "/orders?q=%27+or+%271%27%3D%271"
	answers 200
	[[ $output == *該当するものはありません* ]]
	# A password's check is no query, and the next page is one of ours.
	run page nobody orders /login "account=' or '1'='1" "password=' or '1'='1"
	answers 401
	run on pc sh -c 'jar=/tmp/next; token=$(curl -s -c $jar http://orders/login | sed -n "s/.*value=\"\([^\"]*\)\".*/\1/p" | head -n 1)
		curl -s -o /dev/null -w "%{redirect_url}" -b $jar -d "token=$token" -d account=kato -d password=kato-training "http://orders/login?next=//evil.example/"'
	[ "$output" = http://orders/ ]
	# The application may add to the audit, not change it; its database answers on no port.
	run on orders setpriv --reuid office --regid office --clear-groups psql -h /run/postgresql -d office -c 'delete from audit'
	[[ $output == *"permission denied"* ]]
	run on pc nc -z -w 1 orders 5432
	[ "$status" -ne 0 ]
}

@test "business-app: an account with blanks in it forges no field of the audit's lines" {
	run log_in 'hara 10.99.0.30 login - -' orders wrong
	answers 401
	run on orders tail -n 1 /var/log/orders/audit.log
	echo "$output"
	[[ $output == *' "hara 10.99.0.30 login - -" 10.2.1.101 login-failed - -' ]]
	run log_in 'x" 10.99.0.30' orders wrong
	run on orders tail -n 1 /var/log/orders/audit.log
	echo "$output"
	[[ $output == *' "x\" 10.99.0.30" 10.2.1.101 login-failed - -' ]]
	run on orders grep -c ' hara ' /var/log/orders/audit.log
	[ "$output" = 0 ]
}

@test "business-app: a NUL in a field, a name or a path is a bad request" {
	log_in kato orders
	log_in tanaka tickets
	with_nul() { # ACCOUNT HOST PATH DATA: the form's fields, already encoded
		on pc sh -c 'jar=/tmp/$1-$2
			token=$(curl -s -b "$jar" -c "$jar" "http://$2/login" | sed -n "s/.*name=\"token\" value=\"\([^\"]*\)\".*/\1/p" | head -n 1)
			curl -s -o /dev/null -w "%{http_code}" -b "$jar" -d "$4" --data-urlencode "token=$token" "http://$2$3"' - "$@"
	}
	[ "$(with_nul kato orders /orders/new 'title=a%00b&supplier=1&needed_by=2030-01-31&item=P-A4&quantity=1')" = 400 ]
	[ "$(with_nul tanaka tickets /tickets/new 'title=a%00b&text=c')" = 400 ]
	[ "$(with_nul tanaka tickets /tickets/new 'title=a&text=c%00')" = 400 ]
	[ "$(with_nul nobody orders /login 'account=a%00b&password=c')" = 400 ]
	[ "$(on pc curl -s -o /dev/null -w '%{http_code}' -b /tmp/kato-orders 'http://orders/orders?q=a%00b')" = 400 ]
}

@test "business-app: a ticket is opened, taken and closed" {
	log_in tanaka tickets
	log_in suzuki tickets
	run page tanaka tickets /tickets/new title=印刷できません host=pc-tanaka text=朝から出てきません。
	answers 302
	run page suzuki tickets /tickets/1 state=closed assignee=suzuki text=キューを消しました。
	answers 302
	run page tanaka tickets /tickets
	[[ $output == *印刷できません*完了* ]]
	run page tanaka tickets /tickets/1
	[[ $output == *キューを消しました。* ]]
	run on tickets cat /var/log/tickets/audit.log
	[[ $output == *"suzuki 10.2.1.101 ticket.change 1 state=closed assignee=suzuki comment"* ]]
}
