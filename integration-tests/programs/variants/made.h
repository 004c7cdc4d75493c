// Descriptors that cells are about.

// A file of the cell's own, with something in it.
static int a_file(void)
{
	int fd = check("open", open(text("%s/dir/%s.open", work, cell), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
	check("write", pwrite(fd, "content", 7, 0));
	return fd;
}

static int another_file(void)
{
	return check("open", open(text("%s/other/%s", work, cell), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
}

static int a_directory_fd(void)
{
	return check("open", open(text("%s/dir", work), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// The end of a pipe that is read, with something in it, and the one that is written.
static int a_pipe_to_read(void)
{
	int ends[2];
	check("pipe2", pipe2(ends, O_CLOEXEC));
	check("write", write(ends[1], "content", 7));
	return ends[0];
}

static int a_pipe_to_write(void)
{
	int ends[2];
	check("pipe2", pipe2(ends, O_CLOEXEC));
	return ends[1];
}
