package state

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

// today is when the tests' worlds begin.
var today = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// wall is a real clock that stands still until it is moved.
type wall struct{ now time.Time }

func (w *wall) read() time.Time { return w.now }

func testWorld(t testing.TB, change func(*Config)) (*Store, *wall) {
	t.Helper()
	w := &wall{today}
	luck := rand.NewChaCha8([32]byte{1})
	c := Config{Clock: NewClock(w.read, 1), Catalog: catalog.Builtin(), Random: func(b []byte) { _, _ = luck.Read(b) }}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s, w
}

func first() string {
	return Account{Subscription: FirstSubscription, Group: FirstGroup, Name: FirstAccount}.ID()
}

func want(name, sku string, capacity int, model, version string) Order {
	return Order{Account: first(), Name: name, SKU: sku, Capacity: &capacity, Model: ModelRef{Format: "OpenAI", Name: model, Version: version}}
}

func codeOf(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func look(t testing.TB, s *Store, name string) Deployment {
	t.Helper()
	d, err := s.Deployment(first(), name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A fresh world holds what the documents promise.
func TestFreshWorld(t *testing.T) {
	s, _ := testWorld(t, nil)
	for name, want := range map[string]struct {
		sku      string
		capacity int
	}{
		RoomyDeployment: {ptu.SKURegional, 100}, SmallDeployment: {ptu.SKUGlobal, 15}, StandardDeployment: {ptu.SKUStandard, 50},
		TurboDeployment: {ptu.SKUStandard, 100}, EmbeddingDeployment: {ptu.SKUStandard, 120},
	} {
		d := look(t, s, name)
		if d.SKU != want.sku || d.Capacity != want.capacity || d.State != "Succeeded" {
			t.Errorf("%s: %s %d %s", name, d.SKU, d.Capacity, d.State)
		}
	}
	free, none := map[int]bool{}, 0
	for _, r := range Regions() {
		rows, err := s.Usages(FirstSubscription, r.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if _, ok := ptu.TypeOfSKU(strings.TrimPrefix(row.Name, "OpenAI.")); ok && row.Limit != 500 {
				t.Errorf("%s has a limit of %d for %s, want 500", r.Name, row.Limit, row.Name)
			}
		}
		n := s.free(r, ptu.SKURegional)
		free[n] = true
		if n == 0 {
			none++
		}
	}
	if len(free) < 6 || none == 0 {
		t.Errorf("free capacity takes %d values and is nothing in %d regions; want at least 6 and 1", len(free), none)
	}
	models, _, err := s.Models("eastus")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range models {
		if !m.Retirement.IsZero() && m.Retirement.Before(today.Add(30*24*time.Hour)) {
			t.Errorf("%s %s retires %s, within a month of the start", m.Name, m.Version, m.Retirement)
		}
	}
	strict, _ := testWorld(t, func(c *Config) { c.TrueDates = true })
	past := 0
	models, _, _ = strict.Models("eastus")
	for _, m := range models {
		if !m.Retirement.IsZero() && m.Retirement.Before(today) {
			past++
		}
	}
	if past == 0 {
		t.Error("true dates: no model is past its retirement, as gpt-4o is")
	}
}

// What the models answer says of sizes is what azptu 1.0 documents where it
// documents anything, and Microsoft's tables elsewhere.
func TestPublishedRules(t *testing.T) {
	s, _ := testWorld(t, nil)
	for _, c := range []struct {
		model, version, sku string
		minimum, step       int // 0: not offered
	}{
		{"gpt-4o", "2024-08-06", ptu.SKURegional, 50, 50}, {"gpt-4o", "2024-11-20", ptu.SKUGlobal, 100, 100}, {"gpt-4o-mini", "2024-07-18", ptu.SKURegional, 25, 25},
		{"gpt-4", "0613", ptu.SKURegional, 0, 0}, {"gpt-4", "0613", ptu.SKUGlobal, 300, 50}, {"dall-e-3", "3.0", ptu.SKUGlobal, 25, 5},
		{"o1-preview", "2024-09-12", ptu.SKUGlobal, 1000, 100}, {"gpt-4.1", "2025-04-14", ptu.SKUGlobal, 15, 5}, {"gpt-5-mini", "2025-08-07", ptu.SKURegional, 25, 25},
	} {
		m, ok := s.ModelOf(ModelRef{Name: c.model, Version: c.version})
		if !ok {
			t.Errorf("%s %s is not listed", c.model, c.version)
			continue
		}
		sku, _ := m.sku(c.sku)
		if sku.Rule.Minimum != c.minimum || sku.Rule.Step != c.step {
			t.Errorf("%s %s %s: %d/%d, want %d/%d", c.model, c.version, c.sku, sku.Rule.Minimum, sku.Rule.Step, c.minimum, c.step)
		}
	}
}

// retirementOf is when a deployment's model goes.
func retirementOf(t *testing.T, s *Store, name string) time.Time {
	t.Helper()
	d := look(t, s, name)
	m, ok := s.ModelOf(d.InForceModel)
	if !ok || m.Retirement.IsZero() {
		t.Fatalf("%s has no date of retirement", name)
	}
	return m.Retirement
}

// On the day of retirement each upgrade option does what it says.
func TestRetirement(t *testing.T) {
	s, _ := testWorld(t, nil)
	for name, option := range map[string]string{"never": NoAutoUpgrade, "expired": OnceExpired, "null": "", "follow": OnceNewDefault} {
		o := want(name, ptu.SKUGlobalStandard, 5, "gpt-4o-mini", "2024-07-18")
		o.UpgradeOption = &option
		if _, err := s.PutDeployment(o, Caller{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.PutDeployment(want("ptu", ptu.SKURegional, 25, "gpt-4o-mini", "2024-07-18"), Caller{}); err != nil {
		t.Fatal(err)
	}
	day := retirementOf(t, s, "never")
	until := func(at time.Time) { s.Clock().Advance(at.Sub(s.Clock().Now())) }

	until(day.Add(-upgradeLead).Add(twoWeeks + time.Second))
	if d := look(t, s, "follow"); d.InForceModel.Name == "gpt-4o-mini" {
		t.Error("two weeks after automatic upgrades began, a deployment that follows the default has not moved")
	}
	until(day.Add(-time.Second))
	for _, name := range []string{"never", "expired", "null", "ptu"} {
		if d := look(t, s, name); d.InForceModel.Name != "gpt-4o-mini" || !d.Retired.IsZero() {
			t.Errorf("a second before the day, %s answers with %s, retired %v", name, d.InForceModel, d.Retired)
		}
	}
	until(day)
	for name, moves := range map[string]bool{"never": false, "ptu": false, "expired": true, "null": true} {
		d := look(t, s, name)
		if moved := d.InForceModel.Name != "gpt-4o-mini"; moved != moves || d.Retired.IsZero() != moves {
			t.Errorf("on the day, %s answers with %s, retired %v", name, d.InForceModel, d.Retired)
		}
	}
	if _, err := s.PutDeployment(want("late", ptu.SKUGlobalStandard, 5, "gpt-4o-mini", "2024-07-18"), Caller{}); codeOf(err) != "ServiceModelDeprecated" {
		t.Errorf("deploying a retired model: %v", err)
	}
	// A provisioned deployment that stopped is brought back by migrating it.
	if _, err := s.PutDeployment(want("ptu", ptu.SKURegional, 25, "gpt-5-mini", "2025-08-07"), Caller{}); err != nil {
		t.Fatal(err)
	}
	s.Clock().Advance(31 * time.Minute)
	if d := look(t, s, "ptu"); !d.Retired.IsZero() || d.InForceModel.Name != "gpt-5-mini" {
		t.Errorf("after migration: %s, retired %v", d.InForceModel, d.Retired)
	}
}

// A new default version takes along who follows it, within two weeks, and a
// deployment pinned to its version stays.
func TestNewDefaultVersion(t *testing.T) {
	s, _ := testWorld(t, nil)
	follow, pinned := OnceNewDefault, OnceExpired
	for name, option := range map[string]*string{"follow": &follow, "pinned": &pinned} {
		o := want(name, ptu.SKUGlobalStandard, 5, "gpt-4o", "2024-08-06")
		o.UpgradeOption = option
		if _, err := s.PutDeployment(o, Caller{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetDefault("gpt-4o", "2024-11-20"); err != nil {
		t.Fatal(err)
	}
	s.Clock().Advance(twoWeeks)
	if d := look(t, s, "follow"); d.InForceModel.Version != "2024-11-20" || d.Model.Version != "2024-11-20" {
		t.Errorf("two weeks after the new default: %s", d.InForceModel)
	}
	if d := look(t, s, "pinned"); d.InForceModel.Version != "2024-08-06" {
		t.Errorf("the pinned one moved to %s", d.InForceModel)
	}
	if err := s.SetDefault("gpt-4o", "1999"); codeOf(err) != "ModelNotFound" {
		t.Errorf("an unknown version: %v", err)
	}
}

// A preview follows previews, not the releases beside them.
func TestPreviewFollowsPreviews(t *testing.T) {
	s, _ := testWorld(t, nil)
	follow := OnceNewDefault
	for name, version := range map[string]string{"preview": "1106-Preview", "release": "0613"} {
		o := want(name, ptu.SKUStandard, 5, "gpt-4", version)
		o.UpgradeOption = &follow
		if _, err := s.PutDeployment(o, Caller{}); err != nil {
			t.Fatal(err)
		}
	}
	s.Clock().Advance(twoWeeks)
	for name, version := range map[string]string{"preview": "0125-Preview", "release": "0613"} {
		if d := look(t, s, name); d.InForceModel.Version != version {
			t.Errorf("%s answers with %s, want %s", name, d.InForceModel.Version, version)
		}
	}
}

// While an operation runs, what is in force stays as it was.
func TestInForceUntilTheOperationIsOver(t *testing.T) {
	s, _ := testWorld(t, nil)
	seen := func() (int, string) {
		d, ok := s.View().Deployment(first(), RoomyDeployment)
		if !ok {
			t.Fatal("the deployment stopped answering")
		}
		return d.InForceCapacity, d.InForceModel.Version
	}
	if _, err := s.PutDeployment(want(RoomyDeployment, ptu.SKURegional, 200, "gpt-4o", "2024-08-06"), Caller{}); err != nil {
		t.Fatal(err)
	}
	if n, _ := seen(); n != 100 {
		t.Errorf("%d units while resizing, want the old 100", n)
	}
	s.Clock().Advance(resizeTime)
	if n, _ := seen(); n != 200 {
		t.Errorf("%d units after resizing, want 200", n)
	}
	if _, err := s.PutDeployment(want(RoomyDeployment, ptu.SKURegional, 200, "gpt-4o", "2024-11-20"), Caller{}); err != nil {
		t.Fatal(err)
	}
	s.Clock().Advance(migrateTime - time.Second)
	if _, v := seen(); v != "2024-08-06" {
		t.Errorf("version %s while migrating, want the old one", v)
	}
	s.Clock().Advance(migrateSpread + time.Second)
	if _, v := seen(); v != "2024-11-20" {
		t.Errorf("version %s after migrating", v)
	}
	if _, err := s.PutDeployment(want(RoomyDeployment, ptu.SKURegional, 100, "gpt-4o", "2024-08-06"), Caller{}); codeOf(err) != "InvalidResourceProperties" {
		t.Errorf("another model and size in one request: %v", err)
	}
	if _, err := s.PutDeployment(want(RoomyDeployment, ptu.SKUGlobal, 200, "gpt-4o", "2024-11-20"), Caller{}); codeOf(err) != "InvalidResourceProperties" {
		t.Errorf("another SKU: %v", err)
	}
}

// An operation that fails after it was accepted leaves what was there.
func TestFailedOperation(t *testing.T) {
	s, _ := testWorld(t, nil)
	why := Refuse(500, "InternalServerError", "no luck")
	out, err := s.PutDeployment(want("new", ptu.SKURegional, 50, "gpt-4o", "2024-08-06"), Caller{})
	if err != nil {
		t.Fatal(err)
	}
	if !s.Fail(out.Operation.ID, why) {
		t.Fatal("the operation could not be made to fail")
	}
	if d := look(t, s, "new"); d.State != "Failed" {
		t.Errorf("state %s", d.State)
	}
	if _, ok := s.View().Deployment(first(), "new"); ok {
		t.Error("a deployment that failed answers")
	}
	if n := quota(t, s, "OpenAI.ProvisionedManaged"); n.Used != 100 {
		t.Errorf("a deployment that failed holds quota: %d used", n.Used)
	}
	if _, err := s.PutDeployment(want("new", ptu.SKURegional, 450, "gpt-4o", "2024-08-06"), Caller{}); codeOf(err) != "InsufficientQuota" {
		t.Errorf("tried again beyond the quota: %v", err)
	}
	if out, err = s.PutDeployment(want("new", ptu.SKURegional, 50, "gpt-4o", "2024-08-06"), Caller{}); err != nil || out.Operation == nil {
		t.Fatalf("tried again: %+v %v", out, err)
	}
	s.Clock().Advance(createTime)
	if d := look(t, s, "new"); d.State != "Succeeded" || d.InForceCapacity != 50 {
		t.Errorf("tried again: %s, %d units", d.State, d.InForceCapacity)
	}
	out, err = s.PutDeployment(want(RoomyDeployment, ptu.SKURegional, 200, "gpt-4o", "2024-08-06"), Caller{})
	if err != nil {
		t.Fatal(err)
	}
	s.Fail(out.Operation.ID, why)
	if d := look(t, s, RoomyDeployment); d.State != "Succeeded" || d.Capacity != 100 {
		t.Errorf("after a failed resize: %s, %d units", d.State, d.Capacity)
	}
	if s.Fail(out.Operation.ID, why) {
		t.Error("an operation failed twice")
	}
}

func quota(t *testing.T, s *Store, name string) Row {
	t.Helper()
	rows, err := s.Usages(FirstSubscription, FirstLocation)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no row %s", name)
	return Row{}
}

// A soft-deleted account holds its quota and its name until it is purged, and
// comes back with what it held.
func TestSoftDelete(t *testing.T) {
	s, _ := testWorld(t, nil)
	if ok, err := s.DeleteAccount(first(), Match{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if n := quota(t, s, "OpenAI.ProvisionedManaged"); n.Used != 100 {
		t.Errorf("%d units used by the soft-deleted account, want 100", n.Used)
	}
	if len(s.View().Accounts()) != 0 {
		t.Error("a soft-deleted account answers")
	}
	again := Draft{Subscription: FirstSubscription, Group: FirstGroup, Name: FirstAccount, Location: "eastus", Kind: "AIServices", SKU: "S0"}
	if _, _, err := s.PutAccount(again, Caller{}); codeOf(err) != "FlagMustBeSetForRestore" {
		t.Errorf("making it anew: %v", err)
	}
	again.Restore = true
	if _, _, err := s.PutAccount(again, Caller{}); err != nil {
		t.Fatal(err)
	}
	if d := look(t, s, RoomyDeployment); d.Capacity != 100 {
		t.Errorf("restored with %d units", d.Capacity)
	}
	if ok, _ := s.DeleteAccount(first(), Match{}); !ok {
		t.Fatal("could not delete again")
	}
	if !s.PurgeAccount(FirstSubscription, "eastus", FirstGroup, FirstAccount) {
		t.Fatal("could not purge")
	}
	if n := quota(t, s, "OpenAI.ProvisionedManaged"); n.Used != 0 {
		t.Errorf("%d units used after the purge", n.Used)
	}
	if _, _, err := s.PutAccount(again, Caller{}); codeOf(err) != "CanNotRestoreANonExistingResource" {
		t.Errorf("restoring what was purged: %v", err)
	}
}

// A region takes so many OpenAI accounts and no more.
func TestAccountLimit(t *testing.T) {
	s, _ := testWorld(t, nil)
	made := 0
	for {
		d := Draft{Subscription: FirstSubscription, Group: FirstGroup, Name: "many" + string(rune('a'+made/26)) + string(rune('a'+made%26)), Location: "eastus", Kind: "OpenAI", SKU: "S0"}
		_, _, err := s.PutAccount(d, Caller{})
		if err != nil {
			if codeOf(err) != "InsufficientQuota" || !strings.Contains(err.Error(), "Maximum resources for OpenAI S0 sku.") {
				t.Errorf("at the limit: %v", err)
			}
			break
		}
		made++
	}
	if made != openAIAccounts {
		t.Errorf("%d accounts could be made, want %d", made, openAIAccounts)
	}
	if row := quota(t, s, "OpenAI.S0.AccountCount"); row.Used != row.Limit {
		t.Errorf("the row says %d of %d", row.Used, row.Limit)
	}
}

// Whatever is asked for in whatever order, quota and capacity are never
// overdrawn, and what is free and what is used add up.
func TestQuotaIsNeverOverdrawn(t *testing.T) {
	s, _ := testWorld(t, nil)
	luck := rand.New(rand.NewPCG(7, 7))
	skus := []string{ptu.SKURegional, ptu.SKUGlobal, ptu.SKUDataZone, ptu.SKUStandard, ptu.SKUGlobalStandard}
	models := []ModelRef{{Format: "OpenAI", Name: "gpt-4o", Version: "2024-08-06"}, {Format: "OpenAI", Name: "gpt-4.1", Version: "2025-04-14"}, {Format: "OpenAI", Name: "gpt-4o-mini", Version: "2024-07-18"}}
	done := map[string]int{}
	for range 3000 {
		m := models[luck.IntN(len(models))]
		o := want(string(rune('a'+luck.IntN(6)))+"x", skus[luck.IntN(len(skus))], luck.IntN(8)*25, m.Name, m.Version)
		switch luck.IntN(5) {
		case 0:
			if _, ok, err := s.DeleteDeployment(o.Account, o.Name, Match{}); ok && err == nil {
				done["deleted"]++
			}
		case 1:
			s.Clock().Advance(time.Duration(luck.IntN(3000)) * time.Millisecond)
		case 2:
			if _, err := s.PatchDeployment(Patch{Account: o.Account, Name: o.Name, Capacity: o.Capacity}, Caller{}); err == nil {
				done["patched"]++
			}
		default:
			if _, err := s.PutDeployment(o, Caller{}); err == nil {
				done["put"]++
			} else {
				done[codeOf(err)]++
			}
		}
		rows, err := s.Usages(FirstSubscription, FirstLocation)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Used > r.Limit || r.Used < 0 {
				t.Fatalf("%s: %d of %d used", r.Name, r.Used, r.Limit)
			}
		}
	}
	for _, outcome := range []string{"put", "patched", "deleted", "InsufficientQuota", "InvalidCapacity", "RequestConflict"} {
		if done[outcome] == 0 {
			t.Errorf("%q never happened: %v", outcome, done)
		}
	}
}

// Many at once do no harm: run with the race detector.
func TestConcurrentUse(t *testing.T) {
	s, _ := testWorld(t, nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			luck := rand.New(rand.NewPCG(uint64(i), 1))
			for range 100 {
				name := string(rune('a'+luck.IntN(4))) + "x"
				_, _ = s.PutDeployment(want(name, ptu.SKUGlobalStandard, 1+luck.IntN(20), "gpt-4o", "2024-08-06"), Caller{})
				_, _, _ = s.DeleteDeployment(first(), name, Match{})
				s.Clock().Advance(time.Minute)
				v := s.View()
				for _, d := range v.Deployments(first()) {
					_, _ = v.Deployment(first(), d.Name)
				}
				_, _ = s.Usages(FirstSubscription, "eastus")
			}
		})
	}
	wg.Wait()
	if row := quota(t, s, "OpenAI.GlobalStandard.gpt-4o"); row.Used > row.Limit {
		t.Errorf("%d of %d used", row.Used, row.Limit)
	}
}

// Capacity moves with time, within bounds, and the same in every run.
func TestCapacityMoves(t *testing.T) {
	s, _ := testWorld(t, nil)
	again, _ := testWorld(t, nil)
	region, _ := RegionOf("swedencentral")
	seen := map[int]bool{}
	for range 40 {
		s.Clock().Advance(capacityPeriod)
		again.Clock().Advance(capacityPeriod)
		rooms, err := s.Capacities(FirstSubscription, region.Name, ModelRef{Format: "OpenAI", Name: "gpt-4o", Version: "2024-08-06"})
		if err != nil || len(rooms) == 0 {
			t.Fatal(err, len(rooms))
		}
		n, m := s.free(region, ptu.SKURegional), 0
		func() { defer again.lock()(); m = again.free(region, ptu.SKURegional) }()
		if n != m || n < region.regional*4/5 || n > region.regional {
			t.Fatalf("%d units free, %d in another run; the pool has %d", n, m, region.regional)
		}
		seen[n] = true
	}
	if len(seen) < 5 {
		t.Errorf("free capacity took %d values in ten days", len(seen))
	}
}

// With a file, another emulator goes on where the last one stopped; a crash
// while writing leaves the file whole.
func TestPersist(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.json")
	s, _ := testWorld(t, func(c *Config) { c.Path = path })
	if _, err := s.PutDeployment(want("kept", ptu.SKURegional, 50, "gpt-4o", "2024-08-06"), Caller{}); err != nil {
		t.Fatal(err)
	}
	key := s.View().Accounts()[0].Keys[0]
	s.Clock().Advance(time.Hour)
	if d := look(t, s, "kept"); d.State != "Succeeded" {
		t.Fatalf("state %s", d.State)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", info, err)
	}
	if err := os.WriteFile(path+".12345", []byte("half a"), 0o600); err != nil { // a crash while writing
		t.Fatal(err)
	}
	next, _ := testWorld(t, func(c *Config) { c.Path = path })
	if d := look(t, next, "kept"); d.State != "Succeeded" || d.Capacity != 50 {
		t.Errorf("in the next run: %s, %d units", d.State, d.Capacity)
	}
	if _, ok := next.View().Key(key); !ok {
		t.Error("the next run does not know the account's key")
	}
	if next.Clock().Now().Before(today.Add(time.Hour)) {
		t.Errorf("the next run's clock is back at %s", next.Clock().Now())
	}
	if err := os.WriteFile(path, []byte(`{"Version":1,"World":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Clock: NewClock(time.Now, 1), Catalog: catalog.Builtin(), Random: func([]byte) {}, Path: path}); err == nil {
		t.Error("a damaged file was taken")
	}
}

// Reset makes a fresh world and keeps what clients were configured with.
func TestReset(t *testing.T) {
	s, _ := testWorld(t, nil)
	client, _ := s.ClientNamed(FirstClient)
	before, _ := s.Account(first())
	if _, err := s.PutDeployment(want("extra", ptu.SKURegional, 50, "gpt-4o", "2024-08-06"), Caller{}); err != nil {
		t.Fatal(err)
	}
	if ok, err := s.DeleteAccount(first(), Match{}); ok || codeOf(err) != "RequestConflict" {
		t.Errorf("deleting an account with an operation in flight: %v %v", ok, err)
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	after, err := s.Account(first())
	if err != nil || after.Keys != before.Keys || after.Endpoint != before.Endpoint {
		t.Errorf("the first account changed: %v", err)
	}
	if again, ok := s.ClientNamed(FirstClient); !ok || again.Secret != client.Secret {
		t.Error("the first client changed")
	}
	if _, err := s.Deployment(first(), "extra"); codeOf(err) != "ResourceNotFound" {
		t.Errorf("what was made is still there: %v", err)
	}
	if !s.Allowed(client.ObjectID, "Microsoft.CognitiveServices/accounts/write", first(), false) {
		t.Error("the first client lost its role")
	}
}

// Patterns of permissions match as Azure's do.
func TestPermissionPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, action string
		want            bool
	}{
		{"*", "anything/at/all", true}, {"*/read", "a/b/read", true}, {"*/read", "a/b/write", false}, {"a/*/write", "a/b/c/write", true},
		{"a/*/write", "b/a/write", false}, {"A/Read", "a/rEAD", true}, {"a/read", "a/read/more", false}, {"a/*", "a", false},
	} {
		if got := matches([]string{c.pattern}, c.action); got != c.want {
			t.Errorf("%q against %q: %v", c.pattern, c.action, got)
		}
	}
}

// The snapshot that the data plane reads costs next to nothing while nothing
// changes.
func BenchmarkView(b *testing.B) {
	s, _ := testWorld(b, nil)
	key := s.View().Accounts()[0].Keys[0]
	b.ReportAllocs()
	for b.Loop() {
		if holder, ok := s.View().Key(key); !ok || holder.Disabled {
			b.Fatal("not found")
		}
	}
}
