package fault

import "github.com/azptu/azptu/internal/ptu"

// capacity takes the service capacity of a region away: quota may be there,
// deploying fails all the same.
var capacity = kind{
	name:  "capacity",
	about: "a region has no service capacity left (units, 0 unless given) for a provisioned sku, or for all",
	check: func(f *Fault) error {
		if f.Region == "" {
			return invalid("capacity: region must be given")
		}
		if f.Units < 0 {
			return invalid("capacity: units %d is negative", f.Units)
		}
		return onlyForWorld(f)
	},
	switched: func(w World, f *Fault, on bool) error {
		units := f.Units
		if !on {
			units = -1
		}
		for _, sku := range provisioned(f.SKU) {
			if err := w.SetCapacity(f.Region, sku, units); err != nil {
				return err
			}
		}
		return nil
	},
}

// provisioned is the SKU that is named, or all provisioned ones.
func provisioned(sku string) []string {
	if sku != "" {
		return []string{sku}
	}
	var all []string
	for _, t := range ptu.DeploymentTypes() {
		all = append(all, t.SKU())
	}
	return all
}

// onlyForWorld refuses what a fault of the control plane has no use for.
func onlyForWorld(f *Fault) error {
	if f.Percent != 100 || f.Count != 0 || f.Account != "" || f.Deployment != "" {
		return invalid("%s: it is a fault of a whole region: account, deployment, percent and count do not apply", f.Kind)
	}
	return nil
}
