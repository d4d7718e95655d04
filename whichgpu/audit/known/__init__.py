"""What a document told of each thing that it names, by what it is of, and what is said of these things later."""  # noqa: E501
