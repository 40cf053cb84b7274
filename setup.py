"""Packaging. The version is read from ``_version.py``, and the requirements from ``requirements.txt``."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def read(path: str) -> str:
    """Return a file's text."""
    return (HERE / path).read_text(encoding="utf-8")


def version() -> str:
    """Return the package's version."""
    return read("squareconnect/_version.py").split('"')[-2]


setup(
    name="squareconnect",
    version=version(),
    description="Python SDK for Square's Connect v2 Customers API",
    long_description=read("README.md"),
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    keywords=["square", "squareup", "customers", "cards on file", "api", "sdk"],
    packages=find_packages(include=["squareconnect", "squareconnect.*"]),
    package_data={
        "squareconnect": ["py.typed", "*.pyi"],
        "squareconnect.emulator": ["operations.txt", "page/*"],
    },
    entry_points={
        "console_scripts": ["squareconnect = squareconnect.cli:main"],
        "pytest11": ["squareconnect = squareconnect.pytest_plugin"],
    },
    python_requires=">=3.10",
    install_requires=[line for line in read("requirements.txt").splitlines() if not line.startswith("#")],
    extras_require={
        "async": ["h11>=0.16"],
        "dask": ["dask[dataframe]>=2025.1", "distributed>=2025.1", "fsspec>=2022.5"],
        "cli": ["rich>=13.7", "shtab>=1.13"],
        "emulator": ["h11>=0.16"],
        "fast": ["msgspec>=0.22"],
    },
    classifiers=[
        "Development Status :: 5 - Production/Stable",
        "Intended Audience :: Developers",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: Implementation :: CPython",
        "Topic :: Office/Business :: Financial :: Point-Of-Sale",
        "Topic :: Software Development :: Libraries :: Python Modules",
        "Typing :: Typed",
    ],
)
