// Package atomicfile replaces a small file so that whoever reads it finds the
// old content or the new, never a part of either, also after a crash. State,
// settings, journals and saved worlds are kept that way.
package atomicfile

import (
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Write puts content into the file at path by way of a temporary neighbour,
// which is on disk before it takes the file's place. mode is the file's, old or
// new.
func Write(path string, content []byte, mode os.FileMode) error {
	return write(path, content, func(f *os.File) error { return f.Chmod(mode) })
}

// Rewrite puts content into a file that is there and is somebody else's to say
// who may read: it keeps its mode, its owner and group where this process may
// give files away, and a link to it stays a link.
func Rewrite(path string, content []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	old, err := os.Stat(path)
	if err != nil {
		return err
	}
	return write(path, content, func(f *os.File) error {
		keepOwner(f, old)
		return f.Chmod(old.Mode().Perm())
	})
}

// write replaces a file. rights makes the new one as it is to be.
func write(path string, content []byte, rights func(*os.File) error) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // gone already when all went well
	if _, err = temporary.Write(content); err == nil {
		err = temporary.Sync()
	}
	if err == nil {
		err = rights(temporary)
	}
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return rename(temporary.Name(), path)
}

// renamePause is how long a reader is waited for on Windows, up to 20 times.
const renamePause = 20 * time.Millisecond

// rename puts a file in the place of another. On Windows that fails while
// somebody reads the other, which takes a moment at most.
func rename(from, to string) error {
	err := os.Rename(from, to)
	for attempt := 0; err != nil && runtime.GOOS == "windows" && attempt < 20; attempt++ {
		time.Sleep(renamePause)
		err = os.Rename(from, to)
	}
	return err
}
