const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "a file would be larger than the system allows",
  ENAMETOOLONG: "a name is too long for the file system",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is no folder",
  ENOTEMPTY: "another process wrote it at the same time",
  EEXIST: "another process wrote it at the same time",
  ENOENT: "no such folder or file",
  ERR_FS_FILE_TOO_LARGE: "it is larger than 2 GiB",
};

/** Why the disk did not do as it was told, in words without paths. */
export const diskReason = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : reasons[code]) ?? message;
};
