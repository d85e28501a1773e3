"""Reads options of protos, which are extensions that only the set of files itself describes."""

import functools

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


class Options:
    """Of all descriptors of one set."""

    def __init__(self, files: descriptor_pb2.FileDescriptorSet):
        self._pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            self._pool.Add(file)
        self._factory = message_factory.MessageFactory(self._pool)
        self._extension = functools.cache(self._registered)

    def _registered(self, name: str):
        try:
            found = self._pool.FindExtensionByName(name)
        except KeyError:
            return None
        self._factory.GetMessages([found.file.name])
        return found

    def of(self, options, extension: str):
        """The value of "google.api.resource" or the like; nothing if it is not set."""
        found = self._extension(extension)
        if found is None:
            return None
        kind = self._pool.FindMessageTypeByName(options.DESCRIPTOR.full_name)
        parsed = self._factory.GetPrototype(kind).FromString(options.SerializeToString())
        if found.label == found.LABEL_REPEATED:
            return list(parsed.Extensions[found]) or None
        return parsed.Extensions[found] if parsed.HasExtension(found) else None
