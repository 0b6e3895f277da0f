package fault

// quota takes the subscription's quota in a region away.
var quota = kind{
	name:  "quota",
	about: "the subscription has no quota left in a region (units, 0 unless given): of a usage row, or of all provisioned types",
	check: func(f *Fault) error {
		if f.Region == "" {
			return invalid("quota: region must be given")
		}
		if f.Units < 0 {
			return invalid("quota: units %d is negative", f.Units)
		}
		return onlyForWorld(f)
	},
	switched: func(w World, f *Fault, on bool) error {
		limit := f.Units
		if !on {
			limit = -1
		}
		rows := []string{f.Row}
		if f.Row == "" {
			rows = rows[:0]
			for _, sku := range provisioned("") {
				rows = append(rows, "OpenAI."+sku)
			}
		}
		for _, row := range rows {
			if err := w.SetQuota(f.Region, row, limit); err != nil {
				return err
			}
		}
		return nil
	},
}
