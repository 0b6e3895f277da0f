package state

import "strings"

// Region is one Azure location that the emulator offers.
type Region struct {
	Name     string // westeurope
	Display  string // West Europe
	Zone     string // data zone: "US", "EU" or ""
	Standard bool   // regional Standard deployments are offered
	Geo      string // geography group of the locations list

	// Units of provisioned service capacity at the start, free or deployed,
	// per deployment type. The figures are ours: Microsoft publishes none.
	regional, global, dataZone int
}

// regions is ordered as `az account list-locations` tends to print. Capacity
// differs on purpose, and is nothing in some places.
var regions = []Region{
	{"eastus", "East US", "US", true, "US", 1000, 3000, 1500},
	{"southcentralus", "South Central US", "US", true, "US", 500, 2000, 800},
	{"westus2", "West US 2", "US", false, "US", 200, 1500, 600},
	{"westus3", "West US 3", "US", true, "US", 300, 1500, 600},
	{"australiaeast", "Australia East", "", true, "Asia Pacific", 150, 800, 0},
	{"southeastasia", "Southeast Asia", "", false, "Asia Pacific", 0, 500, 0},
	{"northeurope", "North Europe", "EU", false, "Europe", 0, 400, 300},
	{"swedencentral", "Sweden Central", "EU", true, "Europe", 600, 2500, 1200},
	{"uksouth", "UK South", "", true, "UK", 250, 900, 0},
	{"westeurope", "West Europe", "EU", true, "Europe", 100, 1200, 500},
	{"eastus2", "East US 2", "US", true, "US", 800, 3000, 1500},
	{"westus", "West US", "US", true, "US", 0, 1000, 200},
	{"northcentralus", "North Central US", "US", true, "US", 400, 1000, 400},
	{"centralus", "Central US", "US", false, "US", 0, 0, 200},
	{"japaneast", "Japan East", "", true, "Asia Pacific", 200, 800, 0},
	{"koreacentral", "Korea Central", "", true, "Asia Pacific", 50, 400, 0},
	{"southindia", "South India", "", true, "India", 50, 300, 0},
	{"canadaeast", "Canada East", "", true, "Canada", 100, 600, 0},
	{"brazilsouth", "Brazil South", "", true, "South America", 0, 300, 0},
	{"francecentral", "France Central", "EU", false, "Europe", 0, 600, 300},
	{"germanywestcentral", "Germany West Central", "EU", false, "Europe", 100, 600, 300},
	{"switzerlandnorth", "Switzerland North", "", true, "Switzerland", 100, 300, 0},
	{"norwayeast", "Norway East", "", true, "Norway", 0, 200, 0},
	{"uaenorth", "UAE North", "", true, "UAE", 0, 200, 0},
	{"southafricanorth", "South Africa North", "", true, "South Africa", 0, 200, 0},
}

// Regions lists every location.
func Regions() []Region { return append([]Region(nil), regions...) }

// RegionOf finds a location however it is spelled: "West US", "westus",
// "WESTUS".
func RegionOf(location string) (Region, bool) {
	name := Normalize(location)
	for _, r := range regions {
		if r.Name == name {
			return r, true
		}
	}
	return Region{}, false
}

// Code is the spelling that identifiers of models use: WestEurope.
func (r Region) Code() string { return strings.ReplaceAll(r.Display, " ", "") }

// Normalize turns a location as people write it into its name.
func Normalize(location string) string {
	return strings.ToLower(strings.ReplaceAll(location, " ", ""))
}
