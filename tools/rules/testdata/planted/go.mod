module uproar

go 1.26
