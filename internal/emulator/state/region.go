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

	// FineTunes tells whether models can be fine-tuned there: the regions that
	// Microsoft names for the gpt-4o family.
	FineTunes bool
}

// regions is ordered as `az account list-locations` tends to print. Capacity
// differs on purpose, and is nothing in some places.
var regions = []Region{
	{"eastus", "East US", "US", true, "US", 1000, 3000, 1500, false},
	{"southcentralus", "South Central US", "US", true, "US", 500, 2000, 800, false},
	{"westus2", "West US 2", "US", false, "US", 200, 1500, 600, false},
	{"westus3", "West US 3", "US", true, "US", 300, 1500, 600, false},
	{"australiaeast", "Australia East", "", true, "Asia Pacific", 150, 800, 0, false},
	{"southeastasia", "Southeast Asia", "", false, "Asia Pacific", 0, 500, 0, false},
	{"northeurope", "North Europe", "EU", false, "Europe", 0, 400, 300, false},
	{"swedencentral", "Sweden Central", "EU", true, "Europe", 600, 2500, 1200, true},
	{"uksouth", "UK South", "", true, "UK", 250, 900, 0, false},
	{"westeurope", "West Europe", "EU", true, "Europe", 100, 1200, 500, false},
	{"eastus2", "East US 2", "US", true, "US", 800, 3000, 1500, true},
	{"westus", "West US", "US", true, "US", 0, 1000, 200, false},
	{"northcentralus", "North Central US", "US", true, "US", 400, 1000, 400, true},
	{"centralus", "Central US", "US", false, "US", 0, 0, 200, false},
	{"japaneast", "Japan East", "", true, "Asia Pacific", 200, 800, 0, false},
	{"koreacentral", "Korea Central", "", true, "Asia Pacific", 50, 400, 0, false},
	{"southindia", "South India", "", true, "India", 50, 300, 0, false},
	{"canadaeast", "Canada East", "", true, "Canada", 100, 600, 0, false},
	{"brazilsouth", "Brazil South", "", true, "South America", 0, 300, 0, false},
	{"francecentral", "France Central", "EU", false, "Europe", 0, 600, 300, false},
	{"germanywestcentral", "Germany West Central", "EU", false, "Europe", 100, 600, 300, false},
	{"switzerlandnorth", "Switzerland North", "", true, "Switzerland", 100, 300, 0, false},
	{"norwayeast", "Norway East", "", true, "Norway", 0, 200, 0, false},
	{"uaenorth", "UAE North", "", true, "UAE", 0, 200, 0, false},
	{"southafricanorth", "South Africa North", "", true, "South Africa", 0, 200, 0, false},
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
