#!/usr/bin/env bash
# One session of the Azure CLI and azptu with the same emulator: each sees what
# the other made. test/azcli/session.sh AZPTU-BINARY EMULATOR-DIR
#
# The Azure CLI keeps its clouds and tokens in a folder of its own, so nothing
# of the user's is touched. Versions before 2.46 cannot create a provisioned
# deployment natively; they send the same request by `az rest`.
set -euo pipefail
exec </dev/null
azptu=${1:?azptu binary}
dir=${2:?folder with emulator.json}

field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$dir/emulator.json" | head -n1; }
arm=$(field armUrl)
tenant=$(field tenantId)
client=$(field clientId)
secret=$(field clientSecret)
subscription=$(field subscriptionId)
group=$(field resourceGroup)
account=$(field account)
for value in "$arm" "$tenant" "$client" "$secret" "$subscription" "$group" "$account"; do
	[ -n "$value" ] || { echo "emulator.json lacks a field" >&2 && exit 1; }
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export AZURE_CONFIG_DIR=$scratch/az AZURE_CORE_COLLECT_TELEMETRY=no AZURE_CORE_NO_COLOR=yes
export AZPTU_STATE_DIR=$scratch/azptu AZPTU_LANG=en
# The Azure CLI replaces the machine's authorities by this bundle; it does not add to them.
export REQUESTS_CA_BUNDLE=$scratch/ca.pem
cat /etc/ssl/certs/ca-certificates.crt "$(field caFile)" >"$REQUESTS_CA_BUNDLE" 2>/dev/null || cp "$(field caFile)" "$REQUESTS_CA_BUNDLE"

step() { printf -- '-- %s\n' "$*"; }

# is WHAT GOT WANT
is() {
	if [ "$2" != "$3" ]; then
		printf '%s: got %q, want %q\n' "$1" "$2" "$3" >&2
		exit 1
	fi
}

# holds WHAT TEXT PART
holds() {
	case $2 in
	*"$3"*) ;;
	*)
		printf '%s: no %q in %q\n' "$1" "$3" "$2" >&2
		exit 1
		;;
	esac
}

# fails WHAT PART COMMAND…: the command must fail and say so.
fails() {
	local what=$1 part=$2 said
	shift 2
	if said=$("$@" 2>&1); then
		printf '%s: succeeded\n' "$what" >&2
		exit 1
	fi
	holds "$what" "$said" "$part"
}

cognitive() { az cognitiveservices account "$@" --name "$account" --resource-group "$group"; }
provider=/subscriptions/$subscription/resourceGroups/$group/providers/Microsoft.CognitiveServices/accounts/$account

step "the cloud is found by its Resource Manager address alone"
az cloud register -n azptu --endpoint-resource-manager "$arm" --only-show-errors
az cloud set -n azptu --only-show-errors

step "a wrong secret is refused in Entra's words"
fails "wrong secret" AADSTS7000215 az login --service-principal -u "$client" -p not-the-secret --tenant "$tenant"

step "sign in"
signed=$(az login --service-principal -u "$client" -p "$secret" --tenant "$tenant" --query '[].id' -o tsv --only-show-errors)
is subscription "$signed" "$subscription"

step "locations and groups"
holds locations "$(az account list-locations --query '[].name' -o tsv)" "$(field location)"
holds groups "$(az group list --query '[].name' -o tsv)" "$group"

step "the account: list, show, keys, models, usage, SKUs"
holds "account list" "$(az cognitiveservices account list --query '[].name' -o tsv)" "$account"
holds "account list -g" "$(az cognitiveservices account list -g "$group" --query '[].name' -o tsv)" "$account"
is "account show" "$(cognitive show --query '[name, location, properties.provisioningState]' -o tsv | paste -sd' ')" "$account $(field location) Succeeded"
is "account keys" "$(cognitive keys list --query key1 -o tsv)" "$(field apiKey)"
holds "account list-models" "$(cognitive list-models --query '[].name' -o tsv)" gpt-4o
[ "$(cognitive list-usage --query 'length(@)' -o tsv)" -ge 0 ]
holds "list-skus" "$(az cognitiveservices account list-skus --query '[].name' -o tsv)" S0

step "azptu makes a provisioned deployment"
"$azptu" --cloud "$dir/emulator.json" create-ptu-deployment --subscription-id "$subscription" --resource-group "$group" \
	--account-name "$account" --deployment-name made-by-azptu --model-name gpt-4o --model-version 2024-08-06 \
	--capacity 50 --deployment-type regional

step "the Azure CLI lists and shows it"
holds "deployment list" "$(cognitive deployment list --query '[].name' -o tsv)" made-by-azptu
is "deployment show" \
	"$(cognitive deployment show --deployment-name made-by-azptu --query '[sku.name, sku.capacity, properties.model.name, properties.model.version, properties.provisioningState]' -o tsv | paste -sd' ')" \
	"ProvisionedManaged 50 gpt-4o 2024-08-06 Succeeded"

step "the Azure CLI makes one, with the quick-start's request"
if az cognitiveservices account deployment create --help | grep -q -- --sku-name; then
	cognitive deployment create --deployment-name made-by-az --model-name gpt-4o --model-version 2024-08-06 \
		--model-format OpenAI --sku-capacity 100 --sku-name ProvisionedManaged --query name -o tsv
else
	az rest --method put --url "$arm$provider/deployments/made-by-az?api-version=2024-10-01" --query name -o tsv --body '{
		"sku": {"name": "ProvisionedManaged", "capacity": 100},
		"properties": {"model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}}}'
fi
state=""
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	state=$(az rest --method get --url "$arm$provider/deployments/made-by-az?api-version=2024-10-01" --query properties.provisioningState -o tsv)
	case $state in Succeeded | Failed | Canceled) break ;; esac
	sleep 1
done
is "made-by-az" "$state" Succeeded

step "azptu shows that one"
shown=$("$azptu" --cloud "$dir/emulator.json" get-ptu-info --subscription-id "$subscription" --resource-group "$group" \
	--account-name "$account" --deployment-name made-by-az)
printf '%s\n' "$shown"
holds "get-ptu-info" "$shown" made-by-az
holds "get-ptu-info" "$shown" ProvisionedManaged
holds "get-ptu-info" "$shown" "100 PTU"

step "a capacity beyond the quota is refused"
fails "too much" InsufficientQuota az rest --method put --url "$arm$provider/deployments/too-much?api-version=2024-10-01" --body '{
	"sku": {"name": "ProvisionedManaged", "capacity": 100000},
	"properties": {"model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}}}'

step "an old client's request for a standard deployment"
is "deployment create" "$(cognitive deployment create --deployment-name standard-by-az --model-name gpt-4o --model-version 2024-08-06 \
	--model-format OpenAI --scale-settings-scale-type Standard --scale-settings-capacity 1 --query sku.name -o tsv --only-show-errors)" Standard

step "a template is deployed, and refused in Resource Manager's words"
template=../../internal/emulator/testdata/templates/module.json
made=$(az deployment group create -g "$group" -n by-template -f "$template" -p prefix=azcli --query properties.outputs.id.value -o tsv --only-show-errors)
holds "the template's account" "$made" /accounts/azcli-
fails "a parameter too short" InvalidTemplate az deployment group create -g "$group" -n refused -f "$template" -p prefix=a

step "resources by group, tags, locks"
holds "resource list" "$(az resource list -g "$group" --query '[].name' -o tsv)" azcli-
is "resource show" "$(az resource show -g "$group" -n "$account" --resource-type Microsoft.CognitiveServices/accounts --query name -o tsv)" "$account"
is "tags" "$(az tag update --resource-id "$provider" --operation Merge --tags team=chat --query properties.tags.team -o tsv)" chat
az lock create -n keep -g "$group" --lock-type CanNotDelete -o none --only-show-errors
fails "deleting what is locked" ScopeLocked cognitive deployment delete --deployment-name made-by-azptu
az lock delete -n keep -g "$group"

step "delete, and it is gone"
cognitive deployment delete --deployment-name made-by-azptu
fails "deployment show" NotFound cognitive deployment show --deployment-name made-by-azptu

az logout
step "done with $(az version --query '"azure-cli"' -o tsv)"
