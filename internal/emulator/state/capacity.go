package state

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

// capacityPeriod is how often the free service capacity of a region moves, and
// capacityStep the units it moves by. Both are ours: Microsoft says only that
// capacity is dynamic.
const (
	capacityPeriod = 6 * time.Hour
	capacityStep   = 5
)

// pool is how many units of a provisioned SKU a region could serve at the
// start, before anything was deployed.
func (r Region) pool(sku string) int {
	switch t, _ := ptu.TypeOfSKU(sku); t {
	case ptu.Regional:
		return r.regional
	case ptu.Global:
		return r.global
	case ptu.DataZone:
		return r.dataZone
	}
	return 0
}

// free is how many units of a provisioned SKU can be deployed in a region now:
// what the pool holds, moved by other customers' comings and goings, less what
// is deployed here.
func (s *Store) free(region Region, sku string) int {
	if n, ok := s.world.Capacities[fold(region.Name+"|"+sku)]; ok {
		return n
	}
	pool := region.pool(sku)
	taken := 0
	for _, d := range s.world.Deployments {
		if a := s.owner(d); a != nil && strings.EqualFold(d.SKU, sku) && Normalize(a.Location) == region.Name && d.State != "Failed" {
			taken += max(d.Capacity, d.InForceCapacity)
		}
	}
	return max(pool-s.others(region, sku, pool)-taken, 0)
}

// others is what other customers hold of a pool just now: up to a fifth, a
// different amount every few hours of virtual time, the same in every run.
func (s *Store) others(region Region, sku string, pool int) int {
	fifth := pool / 5 / capacityStep
	if fifth == 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(region.Name + sku + strconv.FormatInt(s.now.Unix()/int64(capacityPeriod/time.Second), 10)))
	return int(h.Sum64()%uint64(fifth)) * capacityStep
}

// SetCapacity fixes the free units of a provisioned SKU in a region, as a fault
// does. A negative number lets it move again.
func (s *Store) SetCapacity(location, sku string, units int) error {
	defer s.lock()()
	region, ok := RegionOf(location)
	if !ok {
		return locationNotFound(location)
	}
	if _, ok := ptu.TypeOfSKU(sku); !ok {
		return invalidProperties("The SKU '%s' has no service capacity of its own.", sku)
	}
	key := fold(region.Name + "|" + sku)
	if units < 0 {
		delete(s.world.Capacities, key)
	} else {
		s.world.Capacities[key] = units
	}
	s.changed()
	return nil
}

// Room is how much of a model could be deployed in a region under one SKU.
type Room struct {
	Region    Region
	Model     Model
	SKU       SKU
	Available int // the lesser of free quota and free service capacity
	FineTune  int
}

// Capacities lists where a model can be deployed now. location "" means every
// region. Both quota and service capacity count (Microsoft, "Provisioned
// throughput", 2024).
func (s *Store) Capacities(subscription, location string, model ModelRef) ([]Room, error) {
	defer s.lock()()
	if !s.known(subscription) {
		return nil, subscriptionNotFound(subscription)
	}
	where := regions
	if location != "" {
		region, ok := RegionOf(location)
		if !ok {
			return nil, locationNotFound(location)
		}
		where = []Region{region}
	}
	rooms := []Room{}
	for _, m := range s.models {
		if !strings.EqualFold(m.Format, model.Format) || !strings.EqualFold(m.Name, model.Name) || !strings.EqualFold(m.Version, model.Version) {
			continue
		}
		for _, region := range where {
			for _, sku := range m.in(region).SKUs {
				rooms = append(rooms, s.room(subscription, region, m, sku))
			}
		}
	}
	return rooms, nil
}

func (s *Store) room(subscription string, region Region, m Model, sku SKU) Room {
	row := s.rowOf(Deployment{SKU: sku.Name, Model: ModelRef{Name: m.Name, Version: m.Version}})
	available := s.limit(subscription, region, row) - s.used(subscription, region, row.Name)
	if _, provisioned := ptu.TypeOfSKU(sku.Name); provisioned {
		available = min(available, s.free(region, sku.Name))
	}
	return Room{Region: region, Model: m, SKU: sku, Available: max(available, 0)}
}
