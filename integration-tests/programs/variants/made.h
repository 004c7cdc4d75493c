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
